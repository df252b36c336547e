"""The agent CLIs that we know, as data; each fact was seen with the version named beside it."""

from __future__ import annotations

from supervisor.agents.adapter import Adapter, ConfigDir, Endpoint

_ANTHROPIC = Endpoint("api.anthropic.com:443", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY")
_OPENAI = Endpoint("api.openai.com:443", "OPENAI_BASE_URL", "OPENAI_API_KEY")
_OPENAI_BASE = Endpoint("api.openai.com:443", "OPENAI_API_BASE", "OPENAI_API_KEY")
_GEMINI = Endpoint("generativelanguage.googleapis.com:443", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY")
_OPENROUTER = Endpoint("openrouter.ai:443", "", "OPENROUTER_API_KEY")
_DEEPSEEK = Endpoint("api.deepseek.com:443", "", "DEEPSEEK_API_KEY")

# fmt: off
CLAUDE = Adapter(
    name="claude",
    title="Claude Code",
    programs=("claude",),
    install="npm install -g @anthropic-ai/claude-code",
    config=(
        ConfigDir(
            "~/.claude",
            "CLAUDE_CONFIG_DIR",
            # Settings carry hooks, keys' helper programs and permissions; the rest is read by every later session.
            read_only=(
                "settings.json", "settings.local.json", "managed-settings.json", "remote-settings.json",
                "CLAUDE.md", "rules", "hooks", "commands", "agents", "skills", "plugins", "output-styles", "workflows",
                "keybindings.json", "statusline.sh", "statusline-command.sh", "local", "bin",
            ),
        ),
    ),
    # Rewritten by rename, so it cannot be a mount; it also names MCP servers, programs that start with later sessions.
    copied=("~/.claude.json",),
    readable=("~/.local/share/claude", "~/.local/bin"),
    environment=(
        "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS",
        "ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_DEFAULT_*", "ANTHROPIC_BETAS",
        "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "CLAUDE_CODE_EFFORT_LEVEL",
        "CLAUDE_CODE_DISABLE_ALTERNATE_SCREEN", "CLAUDE_CODE_SIMPLE", "MAX_THINKING_TOKENS", "BASH_DEFAULT_TIMEOUT_MS",
        "BASH_MAX_TIMEOUT_MS", "BASH_MAX_OUTPUT_LENGTH", "MCP_TIMEOUT", "MCP_TOOL_TIMEOUT", "API_TIMEOUT_MS",
        "DISABLE_COST_WARNINGS", "DISABLE_PROMPT_CACHING",
    ),
    # 2.1.330: without these it also looks for updates, plugins and telemetry hosts, and runs ssh and git for them.
    variables=(
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_TELEMETRY", "1"),
    ),
    endpoints=(Endpoint("api.anthropic.com:443", "ANTHROPIC_BASE_URL"),),
    # The login and its renewal; the first start asks both whether they are there.
    hosts=("api.anthropic.com:443", "platform.claude.com:443"),
    notes=(
        "Its own login (~/.claude/.credentials.json) stays with it: the cell protects everything but that.",
        "Changes of its settings, permissions and MCP servers end with the session.",
    ),
)

CODEX = Adapter(
    name="codex",
    title="Codex CLI",
    programs=("codex",),
    install="npm install -g @openai/codex",
    config=(
        ConfigDir(
            "~/.codex",
            "CODEX_HOME",
            read_only=(
                "config.toml", "hooks.json", "hooks", "rules", "AGENTS.md", "AGENTS.override.md", "prompts", "skills",
                "plugins", "packages", "bin", "requirements.toml", "managed_config.toml",
            ),
        ),
    ),
    environment=(
        "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "CODEX_HOME", "CODEX_API_KEY",
        "RUST_LOG",
    ),
    endpoints=(Endpoint("api.openai.com:443", "OPENAI_BASE_URL"),),
    hosts=("chatgpt.com:443", "auth.openai.com:443"),
    # 0.169: its own sandbox needs user namespaces, which the cell forbids; its daemon would outlive the session, and
    # one that runs outside already would be an open door.
    arguments=(
        "-c", 'sandbox_mode="danger-full-access"',
        "-c", "features.daemon_auto_start=false",
        "-c", "check_for_update_on_startup=false",
        "-c", "analytics.enabled=false",
        "-c", "features.plugins=false",
        "-c", "features.apps=false",
    ),
    notes=("Its own sandbox is off inside the cell, which is stricter; your `--sandbox` would switch it on again.",),
)

GEMINI = Adapter(
    name="gemini",
    title="Gemini CLI",
    programs=("gemini",),
    install="npm install -g @google/gemini-cli",
    config=(
        ConfigDir(
            "~/.gemini",
            read_only=(
                "settings.json", "GEMINI.md", "AGENTS.md", "commands", "extensions", "skills", "agents", "policies",
                "hooks", ".env", "trustedFolders.json", "sandbox.Dockerfile",
            ),
        ),
    ),
    environment=(
        "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GEMINI_MODEL", "GOOGLE_CLOUD_PROJECT",
        "GEMINI_CLI_*",
    ),
    variables=(("GEMINI_SANDBOX", "false"),),
    endpoints=(Endpoint("generativelanguage.googleapis.com:443", "GOOGLE_GEMINI_BASE_URL"),),
    hosts=("cloudcode-pa.googleapis.com:443", "oauth2.googleapis.com:443"),
    notes=("Telemetry and update hosts are asked about or denied; it works without them.",),
)

OPENCODE = Adapter(
    name="opencode",
    title="opencode",
    programs=("opencode",),
    install="npm install -g opencode-ai",
    config=(
        ConfigDir("~/.local/share/opencode", read_only=("bin", "plugins")),
        ConfigDir("~/.local/state/opencode"),
        # Plugins are programs of every later session: the whole folder is for reading.
        ConfigDir("~/.config/opencode", "OPENCODE_CONFIG_DIR", read_only=(".",)),
    ),
    readable=("~/.opencode",),
    environment=(
        "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY",
        "GOOGLE_GENERATIVE_AI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "OPENCODE_API_KEY",
        "OPENCODE_CONFIG", "OPENCODE_CONFIG_CONTENT", "OPENCODE_CONFIG_DIR", "OPENCODE_DISABLE_*",
        "OPENCODE_EXPERIMENTAL_*", "OPENCODE_PERMISSION", "OPENCODE_LOG_LEVEL",
    ),
    variables=(
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_SHARE", "1"),
    ),
    endpoints=(
        _ANTHROPIC, _OPENAI, _GEMINI, _OPENROUTER, _DEEPSEEK,
        Endpoint("generativelanguage.googleapis.com:443", "", "GOOGLE_GENERATIVE_AI_API_KEY"),
        Endpoint("opencode.ai:443", "", "OPENCODE_API_KEY"),
    ),
    hosts=("models.opencode.ai:443",),
    notes=("A provider that its login file or project names is asked about; add its host to the scope.",),
)

AIDER = Adapter(
    name="aider",
    title="aider",
    programs=("aider",),
    install="python -m pip install aider-install && aider-install",
    config=(ConfigDir("~/.aider"),),
    copied=("~/.aider.conf.yml", "~/.aider.model.settings.yml", "~/.aider.model.metadata.json"),
    readable=("~/.local/share/uv", "~/.local/share/pipx", "~/.local/bin"),
    environment=(
        "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL",
        "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "OLLAMA_API_BASE", "AIDER_*",
    ),
    variables=(("AIDER_CHECK_UPDATE", "false"), ("AIDER_ANALYTICS", "false")),
    endpoints=(
        _ANTHROPIC, _OPENAI, _OPENAI_BASE, _GEMINI, _OPENROUTER, _DEEPSEEK,
        Endpoint("127.0.0.1:11434", "OLLAMA_API_BASE", "OLLAMA_API_BASE"),
    ),
    notes=("It fetches a price list from raw.githubusercontent.com, and works without it.",),
)

# fmt: on

SHELL = Adapter(
    name="shell",
    title="a shell",
    programs=("bash", "sh", "dash", "zsh", "fish", "ksh", "busybox"),
    copied=("~/.inputrc",),
    notes=("Start files (~/.bashrc and the like) are not shown to it: they often hold tokens.",),
)

PROGRAM = Adapter(name="program", title="a program")

KNOWN = (CLAUDE, CODEX, GEMINI, OPENCODE, AIDER, SHELL)
