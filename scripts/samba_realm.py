# samba_realm.py FOLDER REALM ADDRESS: make an AD domain with the principals
# and keytabs of the test realms.  One process: samba-tool would be a dozen.
import logging
import sys

import ldb
import samba.dckeytab  # adds export_keytab
from samba import dsdb
from samba.auth import system_session
from samba.credentials import Credentials
from samba.net import Net
from samba.provision import provision

folder, realm, address = sys.argv[1:]
logging.basicConfig(level=logging.ERROR)
domain = provision(
    logging.getLogger(), system_session(), targetdir=folder, realm=realm,
    domain=realm.split(".")[0], adminpass="Adm1n.pass!", hostname="dc1",
    hostip=address, serverrole="active directory domain controller",
    dns_backend="NONE", dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2,
    skip_sysvolacl=True)
sam = domain.samdb

sam.set_minPwdLength("1")
sam.set_pwdProperties("0")  # no complexity: the other realms' passwords
sam.newuser("alice", "alicepw")
sam.newuser("nopre", "noprepw")
sam.toggle_userAccountFlags("(sAMAccountName=nopre)",
                            dsdb.UF_DONT_REQUIRE_PREAUTH)
for host, service in ("CLIENT", "host/client.test"), \
        ("SERVICE", "HTTP/service.test"):
    sam.newcomputer(host)
    account = sam.search(expression=f"(sAMAccountName={host}$)", attrs=[])[0]
    sam.modify(ldb.Message.from_dict(sam, {
        "dn": account.dn,
        "servicePrincipalName": [service],
        # AES, as a member that joined has it
        "msDS-SupportedEncryptionTypes": ["24"]}, ldb.FLAG_MOD_REPLACE))
    sam.setpassword(f"(sAMAccountName={host}$)", "hostpw")

credentials = Credentials()
credentials.guess(domain.lp)
net = Net(credentials, domain.lp)
for keytab, principal in ("host", "CLIENT$"), ("host", "host/client.test"), \
        ("service", "HTTP/service.test"):
    net.export_keytab(keytab=f"{folder}/{keytab}.keytab", principal=principal)
