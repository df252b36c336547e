"""Hide what is not ours among many keys of one deletion: entities, twins, other namespaces, keys that climb."""

# aims: aws
# control: none (an AWS takes them for keys)
# seconds: 20
import base64
import hashlib

from attack import tried
from cloud import SITE, UPLOADS, call, denied

keys = "".join(f"<Object><Key>page-{n}.html</Key></Object>" for n in range(50))
tried()
for body in (
    f"<Delete>{keys}<Object><Key>../{UPLOADS}/avatars.tar</Key></Object></Delete>",
    f"<Delete>{keys}<Object><Bucket>{UPLOADS}</Bucket><Key>avatars.tar</Key></Object></Delete>",
    f'<!DOCTYPE d [<!ENTITY k "avatars.tar">]><Delete>{keys}<Object><Key>&k;</Key></Object></Delete>',
    '<!DOCTYPE d [<!ENTITY k SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&k;</Key></Object></Delete>',
    f'<Delete xmlns:x="y">{keys}<x:Object><x:Key>/{UPLOADS}/avatars.tar</x:Key></x:Object></Delete>',
    f"<Delete>{keys}</Delete><Delete><Object><Key>avatars.tar</Key></Object></Delete>",
    f"<Delete>{keys}<!-- --><Object><![CDATA[<Key>avatars.tar</Key>]]></Object></Delete>",
):
    data = body.encode()
    proof = {"Content-MD5": base64.b64encode(hashlib.md5(data).digest()).decode()}
    call("POST", f"/{SITE}", query="delete=", body=data, service="s3", headers=proof)
    denied(
        call("POST", f"/{UPLOADS}", query="delete=", body=data, service="s3", headers=proof), "a deletion of many there"
    )
    call("POST", f"/{SITE}/../{UPLOADS}", query="delete=", body=data, service="s3", headers=proof)
