"""The places of a Unix host that a cell shows, hides or freezes, as data.

Entries that begin with `~/` lie in the developer's home. Sources: the tools' own documentation of where they keep
credentials; `knowledge/cell.md` for what runs code later.
"""

from __future__ import annotations

from typing import Final

SYSTEM: Final = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/gnu", "/snap",
    "/home/linuxbrew", "/var/lib/dpkg", "/var/lib/snapd", "/var/cache/fontconfig", "/sys/devices/system",
)  # fmt: skip
"""Shown read-only where they exist."""

NEVER_A_WORKSPACE: Final = (
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/media", "/mnt", "/nix", "/opt",
    "/proc",
    "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/tmp", "/Users", "/gnu", "/snap",
)  # fmt: skip

BELOW_THESE_NO_WORKSPACE: Final = ("/proc", "/sys", "/dev", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/boot")

HIDDEN: Final = (
    # The system's own secrets; shown by /etc otherwise.
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d",
    "/etc/security/opasswd", "/etc/ssl/private", "/etc/pki/tls/private", "/etc/krb5.keytab", "/etc/letsencrypt",
    "/etc/NetworkManager/system-connections", "/etc/wpa_supplicant", "/etc/wireguard", "/etc/openvpn",
    "/etc/ipsec.secrets", "/etc/ipsec.d/private", "/etc/swanctl", "/etc/ppp/chap-secrets", "/etc/ppp/pap-secrets",
    "/etc/kubernetes", "/etc/rancher", "/etc/docker", "/etc/containers/auth.json", "/etc/vault.d", "/etc/consul.d",
    "/etc/nomad.d", "/etc/boto.cfg", "/etc/google", "/etc/azure", "/etc/aws", "/etc/cloudflared", "/etc/tailscale",
    "/etc/restic", "/etc/borgmatic", "/etc/samba/private", "/etc/mysql/debian.cnf", "/etc/postfix/sasl_passwd",
    "/etc/exim4/passwd.client", "/etc/msmtprc", "/etc/netrc", "/etc/dovecot/private", "/etc/cni", "/etc/cups/ssl",
    # Cloud, clusters and infrastructure.
    "~/.aws", "~/.azure", "~/.config/gcloud", "~/.config/azure", "~/.oci", "~/.aliyun", "~/.tccli", "~/.bluemix",
    "~/.config/doctl", "~/.config/hcloud", "~/.config/scw", "~/.config/linode-cli", "~/.config/exoscale",
    "~/.config/upctl", "~/.fly", "~/.config/fly", "~/.config/netlify", "~/.netlify", "~/.config/vercel", "~/.vercel",
    "~/.local/share/com.vercel.cli", "~/.config/configstore", "~/.wrangler", "~/.config/.wrangler", "~/.heroku",
    "~/.config/heroku", "~/.local/share/heroku", "~/.railway", "~/.config/railway", "~/.saml2aws", "~/.aws-vault",
    "~/.awsvault", "~/.granted", "~/.okta", "~/.okta_aws_login_config", "~/.config/aws-vault", "~/.boto", "~/.s3cfg",
    "~/.config/rclone", "~/.mc", "~/.kube", "~/.config/k9s", "~/.config/helm", "~/.config/argocd", "~/.minikube",
    "~/.rancher", "~/.config/containers", "~/.docker", "~/.config/docker", "~/.podman", "~/.terraform.d",
    "~/.terraformrc", "~/.tofurc", "~/.config/terraform", "~/.config/opentofu", "~/.pulumi", "~/.vault-token",
    "~/.vault", "~/.consul-token", "~/.nomad-token", "~/.config/op", "~/.op", "~/.chef", "~/.ansible",
    "~/.ansible_vault_pass", "~/.vault_pass.txt", "~/.config/databricks", "~/.databrickscfg", "~/.snowsql",
    "~/.snowflake", "~/.config/snowflake", "~/.cloudflared", "~/.cf", "~/.edgerc", "~/.ngrok2", "~/.config/ngrok",
    "~/.config/stripe", "~/.config/cloudflare", "~/.sentryclirc", "~/.datadog", "~/.config/datadog",
    # Keys and logins.
    "~/.ssh", "~/.gnupg", "~/.pki", "~/.local/share/keyrings", "~/.local/share/kwalletd", "~/.password-store",
    "~/.config/sops", "~/.config/age", "~/.age", "~/.config/keybase", "~/.step", "~/.config/step", "~/.yubico",
    "~/.config/Yubico", "~/.config/1Password", "~/.config/Bitwarden", "~/.config/Bitwarden CLI", "~/.config/keepassxc",
    "~/.config/rbw", "~/.lastpass", "~/.local/share/lpass", "~/.krb5", "~/.k5login", "~/.netrc", "~/_netrc",
    "~/.authinfo",
    "~/.authinfo.gpg", "~/.git-credentials", "~/.config/git", "~/.gitconfig", "~/.config/gh", "~/.config/hub",
    "~/.config/glab-cli", "~/.config/tea", "~/.config/github-copilot", "~/.copilot", "~/.config/jgit",
    "~/.git-credential-cache", "~/.cache/git", "~/.subversion", "~/.hgrc", "~/.config/acli", "~/.jira.d",
    # Package managers' and databases' logins.
    "~/.npmrc", "~/.yarnrc", "~/.yarnrc.yml", "~/.pypirc", "~/.pip", "~/.config/pip", "~/.config/pypoetry",
    "~/.config/uv", "~/.local/share/uv/credentials", "~/.cargo/credentials", "~/.cargo/credentials.toml",
    "~/.cargo/config", "~/.cargo/config.toml", "~/.m2", "~/.gradle", "~/.ivy2", "~/.sbt", "~/.nuget", "~/.gem",
    "~/.bundle", "~/.composer", "~/.config/composer", "~/.config/NuGet", "~/.hex", "~/.config/go", "~/.condarc",
    "~/.conda", "~/.anaconda", "~/.continuum", "~/.jfrog", "~/.config/jfrog", "~/.pgpass", "~/.pg_service.conf",
    "~/.my.cnf", "~/.mylogin.cnf", "~/.mongorc.js", "~/.mongodb", "~/.config/mongodb", "~/.redisclirc", "~/.dbeaver",
    "~/.local/share/DBeaverData", "~/.config/JetBrains", "~/.cassandra", "~/.influxdbv2", "~/.kaggle", "~/.huggingface",
    "~/.cache/huggingface/token", "~/.config/openai", "~/.config/wandb", "~/.wandb", "~/.modal.toml",
    # Browsers, mail, chat, histories and start files (they often hold tokens).
    "~/.mozilla", "~/.config/google-chrome", "~/.config/chromium", "~/.config/BraveSoftware",
    "~/.config/microsoft-edge",
    "~/.config/opera", "~/.config/vivaldi", "~/.cache/mozilla", "~/.cache/google-chrome", "~/.cache/chromium",
    "~/.librewolf", "~/.zen", "~/.thunderbird", "~/.mutt", "~/.config/mutt", "~/.config/neomutt", "~/.muttrc",
    "~/.msmtprc", "~/.config/msmtp", "~/.mbsyncrc", "~/.offlineimaprc", "~/.fetchmailrc", "~/.config/Slack",
    "~/.config/discord", "~/.config/Signal", "~/.config/Element", "~/.local/share/TelegramDesktop", "~/.weechat",
    "~/.irssi", "~/.config/Code", "~/.vscode-server", "~/.cursor-server", "~/.config/Cursor", "~/snap", "~/.var",
    "~/.bash_history", "~/.zsh_history", "~/.history", "~/.local/share/fish", "~/.python_history",
    "~/.node_repl_history", "~/.psql_history", "~/.mysql_history", "~/.sqlite_history", "~/.rediscli_history",
    "~/.lesshst", "~/.viminfo", "~/.local/share/atuin", "~/.bashrc", "~/.bash_profile", "~/.bash_login", "~/.profile",
    "~/.zshrc", "~/.zshenv", "~/.zprofile", "~/.zlogin", "~/.config/fish", "~/.env", "~/.envrc", "~/.direnvrc",
    "~/.config/direnv", "~/.config/environment.d", "~/.pam_environment", "~/.Xauthority", "~/.ICEauthority", "~/.dbus",
    "~/.config/systemd", "~/.config/autostart", "~/.tmux", "~/.screen",
    # Ours.
    "~/.local/state/agent-supervise", "~/.config/agent-supervise", "~/.local/share/agent-supervise",
    "~/.cache/agent-supervise",
)  # fmt: skip
"""Not shown, wherever they lie: in a home that is shown for another reason, or behind a link in the workspace."""

SSH_HOST_KEYS: Final = ("/etc/ssh", "ssh_host_")
"""(folder, beginning) of files that are hidden too."""

TOOLCHAINS: Final = (
    "~/.pyenv", "~/.nvm", "~/.fnm", "~/.local/share/fnm", "~/.volta", "~/.nodenv", "~/.npm-global", "~/.bun", "~/.deno",
    "~/.yarn/bin", "~/.local/share/pnpm", "~/.rustup", "~/.cargo/bin", "~/.cargo/env", "~/go/bin", "~/sdk", "~/.goenv",
    "~/.g/go", "~/.gvm", "~/.rbenv", "~/.rvm", "~/.asdf", "~/.local/share/mise", "~/.sdkman", "~/.jenv", "~/.jabba",
    "~/.dotnet", "~/.local/bin", "~/bin", "~/.local/lib", "~/.local/pipx", "~/.local/share/pipx",
    "~/.local/share/uv/python", "~/.local/share/uv/tools", "~/.local/share/virtualenvs", "~/.poetry", "~/.rye",
    "~/.tfenv", "~/.tofuenv", "~/.tenv", "~/.tgenv", "~/.krew/bin", "~/.linuxbrew", "~/miniconda3", "~/anaconda3",
    "~/miniforge3", "~/mambaforge", "~/.ghcup/bin", "~/.cabal/bin", "~/.opam", "~/.elan", "~/.juliaup",
    "~/.nix-profile",
    "~/.local/state/nix/profile", "~/.swiftly", "~/.phpenv", "~/.pub-cache/bin", "~/.foundry/bin",
)  # fmt: skip
"""Shown read-only where they exist; the rest of the home is empty and private."""

RUNS_LATER: Final = (
    # Shells and editors.
    ".envrc", ".direnv", ".vscode", ".idea", ".devcontainer", ".devcontainer.json", ".fleet", ".zed", ".vs", ".helix",
    ".nvim.lua", ".exrc", ".vimrc", ".nvimrc", ".lvimrc", ".local.vimrc", ".dir-locals.el", ".clangd",
    # Agents.
    ".mcp.json", "mcp.json", ".cursor", ".claude/settings.json", ".claude/settings.local.json", ".claude/hooks",
    ".claude/commands", ".claude/agents", ".claude/skills", ".claude/plugins", ".claude.json", ".gemini/settings.json",
    ".gemini/.env", ".gemini/commands", ".gemini/extensions", ".gemini/hooks", ".codex", ".opencode", "opencode.json",
    "opencode.jsonc", ".aider.conf.yml", ".windsurf", ".continue", ".roo", ".kiro", ".qwen", ".amazonq",
    # Git and package managers.
    ".husky", ".githooks", ".lefthook", ".lefthook.yml", "lefthook.yml", "lefthook.yaml", "lefthook-local.yml",
    ".overcommit.yml", ".hg/hgrc", ".pre-commit-config.yaml", ".npmrc", ".yarnrc", ".yarnrc.yml",
    ".pnpmfile.cjs", ".pnpmfile.mjs", ".cargo/config.toml", ".cargo/config",
    "mise.toml", ".mise.toml", "mise.local.toml", ".mise.local.toml", ".mise",
    ".config/mise",
    # Ours: a project's scopes are accepted by a human, who should meet no other text than the one that was read.
    ".agent-supervise",
)  # fmt: skip
"""In a workspace: what the developer's own editor, shell, git hooks, package manager or agent runs later. Frozen where
it exists; what comes into being is told at the end (`leftbehind_places`), because a stand-in for each of these names
would be in the way of `git clone .`, of commits and of who looks into the folder."""

DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")

PROC_HIDDEN: Final = (
    "/proc/keys", "/proc/key-users", "/proc/kcore", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
    "/proc/sysrq-trigger", "/proc/acpi", "/proc/scsi", "/proc/asound", "/proc/kallsyms", "/proc/kmsg",
    "/proc/config.gz",
)  # fmt: skip
