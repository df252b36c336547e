"""Names that differ in case, composition or trailing dots from hidden ones."""

# aims: secret
# control: none (it is for file systems that fold names)

from attack import loot, target, tried

secret, home = target["secret"], target["home"]
tried()
for path in (
    secret.upper(),
    secret.replace("vault", "VAULT"),
    secret + ".",
    secret.replace("secret", "Secret"),
    f"{home}/.SSH/id_ed25519",
    f"{home}/.ssh./id_ed25519",
    f"{home}/.AWS/credentials",
    f"{home}/.ssh/id_ed25519",
):
    try:
        loot(open(path).read())
    except OSError as error:
        print(path[-20:], error.strerror)
