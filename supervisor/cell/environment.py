"""Which variables the agent's environment has: an allow-list, the proxy's address and the session's own.

A value that carries a credential (`https://user:token@host`) is left out, whatever its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PLAIN = frozenset(
    """
    PATH HOME LANG LANGUAGE TERM COLORTERM TERM_PROGRAM TERM_PROGRAM_VERSION SHELL EDITOR VISUAL PAGER LESS LESSCHARSET
    TZ USER LOGNAME NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE COLORFGBG LS_COLORS COLUMNS LINES CI DEBIAN_FRONTEND
    IS_SANDBOX
    VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PYENV_ROOT PYENV_VERSION PYTHONPATH PYTHONUNBUFFERED
    PYTHONDONTWRITEBYTECODE PYTHONUTF8 PYTHONIOENCODING PIPX_HOME PIPX_BIN_DIR UV_PYTHON POETRY_HOME PDM_HOME
    NVM_DIR NVM_BIN NVM_INC FNM_DIR VOLTA_HOME NODE_PATH NODE_ENV PNPM_HOME BUN_INSTALL DENO_DIR DENO_INSTALL
    COREPACK_HOME
    GOPATH GOROOT GOBIN GOFLAGS GOTOOLCHAIN GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB CGO_ENABLED
    CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTUP_AUTO_INSTALL RUSTFLAGS RUST_BACKTRACE
    JAVA_HOME JDK_HOME M2_HOME MAVEN_HOME GRADLE_HOME SDKMAN_DIR JENV_ROOT ANDROID_HOME ANDROID_SDK_ROOT
    RBENV_ROOT GEM_HOME GEM_PATH BUNDLE_PATH DOTNET_ROOT ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR
    CC CXX CFLAGS CXXFLAGS LDFLAGS CPPFLAGS MAKEFLAGS PKG_CONFIG_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH MANPATH INFOPATH
    HOMEBREW_PREFIX HOMEBREW_CELLAR HOMEBREW_REPOSITORY NIX_PATH NIX_PROFILES LOCALE_ARCHIVE
    PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_DEFAULT_TIMEOUT PIP_DISABLE_PIP_VERSION_CHECK PIP_CERT
    UV_INDEX_URL UV_DEFAULT_INDEX NPM_CONFIG_REGISTRY npm_config_registry
    SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE AWS_CA_BUNDLE
    GIT_SSL_CAINFO CARGO_HTTP_CAINFO HTTPLIB2_CA_CERTS GRPC_DEFAULT_SSL_ROOTS_FILE_PATH
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE
    AWS_REGION AWS_DEFAULT_REGION AWS_PAGER AWS_DEFAULT_OUTPUT
    GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_PAGER
    TF_IN_AUTOMATION TF_INPUT TF_PLUGIN_CACHE_DIR TERRAGRUNT_TFPATH
    """.split()
)
PREFIXES = ("LC_",)
CERTIFICATES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "HTTPLIB2_CA_CERTS", "PIP_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
)  # fmt: skip
FOLDERS = (
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "NVM_DIR", "FNM_DIR", "VOLTA_HOME", "PNPM_HOME", "BUN_INSTALL",
    "DENO_INSTALL", "GOROOT", "RUSTUP_HOME", "JAVA_HOME", "JDK_HOME", "M2_HOME", "MAVEN_HOME", "GRADLE_HOME",
    "SDKMAN_DIR", "JENV_ROOT", "ANDROID_HOME", "ANDROID_SDK_ROOT", "RBENV_ROOT", "DOTNET_ROOT", "ASDF_DIR",
    "ASDF_DATA_DIR", "MISE_DATA_DIR", "PIPX_HOME", "POETRY_HOME", "PDM_HOME", "HOMEBREW_PREFIX", "PIP_FIND_LINKS",
)  # fmt: skip
SECRET_FILES = (
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CREDENTIAL_FILE",
    "AWS_LOGIN_CACHE_DIRECTORY", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "BOTO_CONFIG", "KUBECONFIG", "DOCKER_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "NETRC", "GNUPGHOME", "VAULT_TOKEN_FILE",
    "TF_CLI_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "PIP_CONFIG_FILE", "PGPASSFILE",
)  # fmt: skip
"""Variables that say where credentials lie: hidden there too."""
_CREDENTIAL_IN_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]*@")
_NO_PROXY = "localhost,127.0.0.1,::1"


def carries_credential(value: str) -> bool:
    """Whether a value holds a URL with a user or a token in front of its host."""
    return _CREDENTIAL_IN_URL.search(value) is not None


def proxy_variables(port: int) -> dict[str, str]:
    """What makes programs use the network gate's proxy on the cell's loopback."""
    url = f"http://127.0.0.1:{port}"
    found = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), url)
    return found | {
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
        # Programs that do not look at the variables above by themselves.
        "NODE_USE_ENV_PROXY": "1",
        "npm_config_proxy": url,
        "npm_config_https_proxy": url,
        "CARGO_HTTP_PROXY": url,
        "PIP_PROXY": url,
    }


def cell_environment(
    host: Mapping[str, str],
    needs: tuple[tuple[str, str], ...],
    set_environment: Mapping[str, str],
    *,
    home: str,
    workspace: str,
    user: str,
    proxy_port: int | None,
) -> tuple[tuple[str, str], ...]:
    """The agent's environment, sorted by name.

    `needs` (the agent's own variables, its model's key among them) outranks what is passed on from `host`;
    `set_environment` outranks everything but the places that the cell itself fixes.
    """
    passed = {
        name: value
        for name, value in host.items()
        if (name in PLAIN or name.startswith(PREFIXES)) and not carries_credential(value)
    }
    passed |= dict(needs)
    if proxy_port is not None:
        passed |= proxy_variables(proxy_port)
    passed |= set_environment
    passed |= {"HOME": home, "PWD": workspace, "USER": user, "LOGNAME": user, "TMPDIR": "/tmp"}
    passed.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    passed.setdefault("TERM", "xterm-256color")
    passed.setdefault("LANG", "C.UTF-8")
    passed.setdefault("SHELL", "/bin/sh")
    # Looking for leaks takes ptrace, which the cell forbids: what is built with ASan would always fail at its end.
    passed.setdefault("LSAN_OPTIONS", "detect_leaks=0")
    return tuple(sorted((name, value) for name, value in passed.items() if _is_possible(name, value)))


def _is_possible(name: str, value: str) -> bool:
    return bool(name) and "=" not in name and "\0" not in name and "\0" not in value
