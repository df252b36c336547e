"""A session of botocore that knows an environment which is passed in, and nothing of this process's own.

botocore reads `os.environ` and the files that it names wherever it is not told otherwise, a profile for a client that
has its keys already among them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any


def isolated_session(environment: Mapping[str, str], config: str = "", shared: str = "") -> Any:
    """A `botocore.session.Session` over these variables and shared files; without credentials or profile of its own."""
    import botocore.session
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigChainFactory, ConfigValueStore
    from botocore.credentials import CredentialResolver
    from botocore.tokens import TokenProviderChain

    # Whoever asks is told by an error; botocore would write a traceback to the terminal too.
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    session = botocore.session.Session()
    chains = ConfigChainFactory(session=session, environ=dict(environment))
    store = ConfigValueStore(
        mapping={
            name: chains.create_config_chain(
                instance_name=name,
                env_var_names=variable,
                config_property_names=key,
                default=default,
                conversion_func=convert,
            )
            for name, (key, variable, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
    )
    store.set_config_variable("config_file", config or "/dev/null")
    store.set_config_variable("credentials_file", shared or "/dev/null")
    store.set_config_variable("profile", None)
    session.register_component("config_store", store)
    # A client must not begin a look-up of its own.
    session.register_component("credential_provider", CredentialResolver(providers=[]))
    session.register_component("token_provider", TokenProviderChain(providers=[]))
    return session
