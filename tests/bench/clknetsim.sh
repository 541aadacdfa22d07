# shellcheck shell=bash
# Runs of the simulator clknetsim for tests/bench/discipline, which sources
# this and sets CLKNETSIM, CHRONYD, COST_DAYS, TYPICAL_WANDER and DIR.

START_DATE=1790000000 # score.c knows it too
SETTLED_S=12000
RUN_TIMEOUT_S=300

# ---- scenarios ----

LAN='(+ 1e-4 (* 2e-5 (exponential)))'
CAMPUS='(+ 1e-3 (* 2e-4 (exponential)))'
WAN='(+ 2e-2 (* 5e-3 (exponential)))'

# step_at SECONDS AMOUNT: (sum 1.0) is 1 at the start.
step_at() { echo "(* $2 (equal 0.5 (sum 1.0) $(($1 + 1))))"; }

# scenario NAME WANDER: sets what a run needs.  An event is timed until the
# error is below below_s for hold_s seconds.
scenario() {
    local expr
    up=$CAMPUS down='' servers=1 run_s=60000 offset_s=0.01 event_s='' hold_s=60
    below_s=1e-2 least_s='' step='' server_step='' begin_s=$SETTLED_S
    freq="(+ 1e-5 (sum (* $2 (normal))))"
    case $1 in
    lan) up=$LAN least_s=1e-4 ;;
    campus) least_s=1e-3 ;;
    wan) up=$WAN least_s=2e-2 ;;
    burst) # one way congested 10 minutes of each hour
        up='(+ 2e-2 (* 1e-3 (exponential)))'
        expr='(+ 3e-2 (* 5e-2 (exponential)))'
        expr="(* (equal 300 (% time 3600) 300) $expr)"
        down="(+ 2e-2 (* 1e-3 (exponential)) $expr)"
        ;;
    gamma) # the least delay is rarely seen
        expr='(exponential) (exponential) (exponential)'
        up="(+ 1e-3 (* 1e-4 (+ $expr)))"
        ;;
    asymjit) down='(+ 1e-3 (* 1e-3 (exponential)))' ;;
    loss) # a fifth, each way
        up='(+ 1e-3 (* 2e-4 (exponential)) (* -10 (equal 0.1 (uniform) 0.1)))'
        ;;
    temp) freq="(+ 1e-5 (* 1e-6 (sine 7200)) (sum (* $2 (normal))))" ;;
    converge) up=$LAN below_s=1e-4 hold_s=600 run_s=4000 event_s=0 ;;
    ahead[12] | behind[12])
        servers=${1: -1} offset_s=600 run_s=2000 event_s=0
        [[ $1 == ahead* ]] || offset_s=-600
        ;;
    frequency) # +50 ppm
        expr='(* 5e-5 (min 1 (max 0 (+ (sum 1.0) -30001))))'
        freq="(+ 1e-5 $expr (sum (* $2 (normal))))"
        event_s=30000 run_s=36000 below_s=1e-3
        ;;
    foreign) step=$(step_at 20000 200) event_s=20000 run_s=26000 ;;
    liar[23])
        servers=${1: -1} server_step=$(step_at 20000 400)
        event_s=20000 run_s=40000
        ;;
    outage) # from 8 h on; the run ends with it
        up="(+ $CAMPUS (* -100 (equal 10800 time 39600)))"
        event_s=28800 run_s=50400
        ;;
    cost) run_s=$((86400 * COST_DAYS)) ;;
    *) die "no scenario is called $1" ;;
    esac
    down=${down:-$up}
}

# ---- a run ----

# client_command CLIENT POLL DIR SERVERS: writes the configuration; sets
# COMMAND.
client_command() {
    local i poll_log=0 line poll='' config=$3/client.conf
    for ((i = $2; i > 1; i /= 2)); do poll_log=$((poll_log + 1)); done
    if [ "$1" = chronyd ]; then
        [ "$2" = 0 ] || poll=" minpoll $poll_log maxpoll $poll_log"
        for ((i = 1; i <= $4; i++)); do
            echo "server 192.168.123.$i iburst$poll"
        done >"$config"
        cat >>"$config" <<END
makestep 1.0 3
maxupdateskew 100.0
cmdport 0
bindcmdaddress /
pidfile $3/client.pid
END
        COMMAND=("$CHRONYD" -d -f "$config")
        return
    fi
    while read -r line; do
        line=${line//@DIR@/$3}
        case $line in
        '#'*) ;;
        *@SERVER@*)
            for ((i = 1; i <= $4; i++)); do
                echo "${line//@SERVER@/192.168.123.$i}"
            done
            ;;
        *@POLL@*) [ "$2" = 0 ] || echo "${line//@POLL@/$2}" ;;
        *) echo "$line" ;;
        esac
    done <"$DIR/clksim.conf.in" >"$config"
    COMMAND=("$DIR/skewguardd" --minimal -c "$config")
}

# run_write DIR: the simulator's configuration, and its servers'.
run_write() {
    local i
    for ((i = 1; i < nodes; i++)); do
        echo "node${nodes}_delay$i = $up"
        echo "node${i}_delay$nodes = $down"
        cat >"$1/server$i.conf" <<END
local stratum 1
allow
cmdport 0
bindcmdaddress /
pidfile $1/server$i.pid
END
    done >"$1/conf"
    cat >>"$1/conf" <<END
node${nodes}_offset = $offset_s
node${nodes}_freq = $freq
node${nodes}_start = 1
END
    [ -z "$step" ] || echo "node${nodes}_step = $step" >>"$1/conf"
    [ -z "$server_step" ] || echo "node2_step = $server_step" >>"$1/conf"
}

# run_score DIR CLIENT WANDER SCENARIO
run_score() {
    local options=(-n "$nodes" -b "$begin_s" -t "$below_s" -h "$hold_s")
    [ -z "$event_s" ] || options+=(-e "$event_s")
    [ "$2" = chronyd ] || options+=(-s status)
    if [ -n "$least_s" ] && has_row limit && [ "$poll" != 0 ] &&
        [ "$3" = "$TYPICAL_WANDER" ]; then
        options+=(-w "$3" -d "$least_s")
    fi
    awk '{ print "cpu_s", $1 + $2 }' "$1/cpu" | tail -n 1
    awk -v node="$nodes" '$2 == "Node" { here = $3 == node }
        here && /Mean wakeup interval/ { print "wakeups", 86400 / $4 }' \
        "$1/stats"
    [ "$4" = cost ] || "$DIR/score" "${options[@]}" "$1"
}

# run_clock DIR: in a shell of its own; 0 if simulator and client ended well.
run_clock() {
    local i logs=(-o off -f freq -g raw -p pkt) code client
    local simulated=(timeout -k 5 "$RUN_TIMEOUT_S"
        env -u NOTIFY_SOCKET -u LISTEN_FDS EVENT_NOEPOLL=1
        LD_PRELOAD="$CLKNETSIM/clknetsim.so")
    trap 'kill $(jobs -p) 2>/dev/null; wait; exit 143' TERM
    cd "$1" || exit
    export CLKNETSIM_SOCKET=$1/socket CLKNETSIM_RANDOM_SEED=$seed \
        CLKNETSIM_START_DATE=$START_DATE
    for ((i = 1; i < nodes; i++)); do
        "${simulated[@]}" CLKNETSIM_NODE=$i "$CHRONYD" -d \
            -f "$1/server$i.conf" >server$i.log 2>&1 &
    done
    (
        TIMEFORMAT='%U %S'
        time "${simulated[@]}" CLKNETSIM_NODE="$nodes" "${COMMAND[@]}" \
            >client.log 2>&1
    ) 2>cpu &
    client=$!
    [ "$name" != cost ] || logs=()
    timeout -k 5 $RUN_TIMEOUT_S "$CLKNETSIM/clknetsim" -l "$run_s" \
        "${logs[@]}" -s socket conf "$nodes" >stats 2>sim.log &
    code=0
    wait $! || code=$?
    [ $code = 0 ] || echo "clknetsim: exit code $code"
    wait $client || { code=$?; echo "client: exit code $code"; }
    wait
    exit $code
}

# run_one KEY: CLIENT SCENARIO POLL WANDER SEED, joined by "_".  Leaves the
# figures in results/KEY, or the reason in broken/KEY.
run_one() {
    local client name poll wander seed dir=$DIR/$1 nodes broken=''
    IFS=_ read -r client name poll wander seed <<<"$1"
    scenario "$name" "$wander"
    nodes=$((servers + 1))
    mkdir "$dir"
    run_write "$dir"
    client_command "$client" "$poll" "$dir" "$servers"
    run_clock "$dir" >"$dir/why" 2>&1 &
    if ! wait $!; then
        broken=yes
    elif ! run_score "$dir" "$client" "$wander" "$name" \
        >"$dir/score" 2>>"$dir/why"; then
        broken=yes
    fi
    if [ -n "$broken" ]; then
        tail -n 3 "$dir"/{why,sim.log,client.log} >"$DIR/broken/$1" 2>&1 || true
    else
        mv "$dir/score" "$DIR/results/$1"
    fi
    rm -rf "$dir"
}

# worker CPU: run what is left to run, on one processor: what waits for each
# other all the time is four times as fast there.
worker() {
    local key
    trap 'kill $(jobs -p) 2>/dev/null; wait; exit 143' TERM
    taskset -pc "$1" $BASHPID >"$DIR/taskset" 2>&1 || true
    while flock 9 && read -r key; do
        flock -u 9
        run_one "$key" 9>&- </dev/null
    done 9>"$DIR/lock"
}
