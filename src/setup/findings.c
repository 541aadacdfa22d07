#include "setup/findings.h"

#include <stdio.h>
#include <string.h>

const struct sg_finding *
sg_findings_of(const struct sg_findings *findings, const char *realm)
{
    for (int i = 0; findings && i < findings->n; i++)
        if (strcmp(findings->finding[i].question.realm, realm) == 0)
            return &findings->finding[i];
    return NULL;
}

bool
sg_finding_is_of(const struct sg_finding *finding,
                 const struct sg_discover_question *question)
{
    return strcmp(finding->question.realm, question->realm) == 0 &&
           strcmp(finding->question.sitename, question->sitename) == 0 &&
           finding->question.uses_uri == question->uses_uri;
}

static bool
is_same_list(const struct sg_kdc_list *a, const struct sg_kdc_list *b)
{
    if (a->n_kdcs != b->n_kdcs || a->n_left_out != b->n_left_out)
        return false;
    for (int i = 0; i < a->n_kdcs; i++)
        if (strcmp(a->kdcs[i].host, b->kdcs[i].host) != 0 ||
            a->kdcs[i].port != b->kdcs[i].port ||
            a->kdcs[i].transport != b->kdcs[i].transport)
            return false;
    return true;
}

void
sg_finding_take(struct sg_finding *finding,
                const struct sg_discover_answer *answer)
{
    bool was_asked = finding->is_asked;

    finding->is_asked = true;
    finding->is_news =
        !was_asked || strcmp(finding->why_not, answer->why_not) != 0;
    memcpy(finding->why_not, answer->why_not, sizeof finding->why_not);
    if (answer->list.n_kdcs == 0 && finding->answer.list.n_kdcs > 0)
        return;
    if (!is_same_list(&finding->answer.list, &answer->list))
        finding->is_news = true;
    finding->answer = *answer;
}

void
sg_finding_name(const struct sg_target *kdc, char ret[SG_NAME_MAX])
{
    size_t len = strlen(kdc->host);

    memcpy(ret, kdc->host, len + 1);
    if (len > 1 && ret[len - 1] == '.')
        ret[len - 1] = '\0';
}

void
sg_finding_describe(const struct sg_finding *finding, struct sg_buf *ret)
{
    const struct sg_discover_answer *answer = &finding->answer;
    const struct sg_kdc_list *list = &answer->list;
    char name[SG_NAME_MAX];

    sg_buf_add(ret, "%s: ", finding->question.realm);
    if (finding->why_not[0]) {
        sg_buf_add(ret, "%s", finding->why_not);
        if (list->n_kdcs > 0)
            sg_buf_add(ret, "; the KDCs found before stay");
        return;
    }
    sg_buf_add(ret, "%d KDC%s by DNS %s: ", list->n_kdcs,
               list->n_kdcs == 1 ? "" : "s",
               answer->how == SG_DISCOVER_URI ? "URI" : "SRV");
    for (int i = 0; i < list->n_kdcs; i++) {
        sg_finding_name(&list->kdcs[i], name);
        sg_buf_add(ret, "%s%s", i ? ", " : "", name);
    }
}
