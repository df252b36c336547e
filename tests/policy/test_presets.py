"""The shipped presets: a quiet day for the developer, and no way out for the agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.errors import ScopeError
from supervisor.model.effect import Effect
from supervisor.policy.examples import judge_shell
from supervisor.policy.load import load
from supervisor.policy.plain import plain_words
from supervisor.policy.scope import Scope
from tests.policy.build import ALLOW, ASK, DENY

FOLDER = Path(__file__).parents[2] / "scopes"
PRESETS = ("read-only", "developer", "s3-static-site", "terraform-plan", "terraform-apply-dev", "incident-debug")
VALUES = {"s3-static-site": {"bucket": "site"}, "terraform-apply-dev": {"account": "123456789012"}}
TEXTS = {name: (FOLDER / f"{name}.yaml").read_text() for name in PRESETS}


def preset(name: str, **changed: str) -> Scope:
    """A preset, with other texts for some."""
    texts = TEXTS | changed

    def read(wanted: str) -> tuple[str, str] | None:
        return (f"scopes/{wanted}.yaml", texts[wanted]) if wanted in texts else None

    return load(name, read, VALUES.get(name, {}), registries=("registry.example:443",))


def test_the_folder_holds_the_six_and_nothing_else() -> None:
    """What is shipped is what is promised."""
    assert {path.stem for path in FOLDER.iterdir() if path.name != "rego"} == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_examples_hold_with_and_without_values(name: str) -> None:
    """Loading tries them; there are enough of them to prove something, and each effect is among them."""
    made = preset(name)
    assert len(made.examples) >= 8
    assert {example.expect for example in made.examples} >= {ALLOW, DENY}
    load(name, lambda wanted: (f"scopes/{wanted}.yaml", TEXTS[wanted]), {}, unfilled=True)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_said_in_plain_words(name: str) -> None:
    """May, asks and never, in lines that fit a panel, each rule with a reason."""
    made = preset(name)
    may, _, never = plain_words(made)
    assert may and never
    assert all(0 < len(line) <= 200 and line.isprintable() for lines in plain_words(made) for line in lines)
    rules = (*made.commands.rules, *made.aws.rules)
    assert all(rule.because for rule in rules if rule.effect is not ALLOW)


QUIET = """
git status && git diff --stat && git add -A && git commit -m 'Fix the parser'
git checkout -b fix && git stash && git rebase main && git fetch origin && git pull
npm ci && npm run build && npm test -- --watch=false && npx tsc --noEmit
python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest -q
pip install -r requirements.txt && ruff check . && mypy src
cargo build --release && cargo test && cargo fmt
go build ./... && go test ./...
make -j8 && make test
mvn -q verify
./gradlew build
docker build -t app . && docker compose up -d
vim README.md
bash -lc 'echo hi; ls -la; env | sort'
rg -n TODO src | head -20; find . -name '*.py' -print0 | xargs -0 wc -l
rm -rf node_modules dist && mkdir -p dist && cp -r public dist
sed -i s/a/b/ file.txt; tar czf out.tgz dist; curl -sS https://registry.example/pkg -o pkg
terraform fmt && terraform init && terraform validate && terraform plan -out tfplan
kubectl get pods && kubectl logs web-1
tmux new -d; less README.md; man ls; top -b -n 1
"""


@pytest.mark.parametrize("text", [line for line in QUIET.splitlines() if line])
def test_ordinary_local_work_asks_nothing(text: str) -> None:
    """Editing, building, testing, committing and installing start no question under `developer`."""
    decision = judge_shell(preset("developer"), text)
    assert decision.effect is ALLOW, decision.explain


LOUD = [
    ("git push", ASK),
    ("git -c a=b push -f origin +main", ASK),
    ("nohup git push &", ASK),
    ("find . -name x -exec git push {} +", ASK),
    ("git clean -fdx", ASK),
    ("npm run x; npm publish", ASK),
    ("twine upload dist/*", ASK),
    ("docker push registry/app", ASK),
    ("gh repo delete me/app --yes", ASK),
    ("kubectl delete namespace prod", ASK),
    ("gcloud projects delete x", ASK),
    ("python3 -m twine upload dist/*", ASK),
    ("sudo -n true", DENY),
    ("su root -c id", DENY),
    ("terraform destroy", DENY),
    ("cd infra; /opt/terraform_1.9 destroy -auto-approve", DENY),
    ("timeout 60 env A=1 tofu -chdir=infra destroy", DENY),
    ("terraform apply -auto-approve -destroy", DENY),
    ("terraform state rm aws_db_instance.main", DENY),
    ("echo terraform destroy | bash", DENY),
    ("bash <<< 'terraform destroy'", DENY),
    ("aws rds delete-db-instance --db-instance-identifier prod", DENY),
    ("aws s3 ls", DENY),
]


@pytest.mark.parametrize(("text", "least"), LOUD)
@pytest.mark.parametrize("name", ["developer", "incident-debug", "terraform-plan"])
def test_what_leaves_or_destroys_asks_or_is_denied(name: str, text: str, least: Effect) -> None:
    """In every preset that builds on `developer`, at least as strictly."""
    if name != "developer" and text.startswith("aws s3 ls"):
        return
    decision = judge_shell(preset(name), text)
    assert decision.effect >= least, decision.explain


@pytest.mark.parametrize("name", PRESETS)
def test_secrets_of_the_cloud_are_out_of_reach(name: str) -> None:
    """No preset lets credentials or secret values be read, or identities be changed, without a human."""
    from supervisor.model.request import AwsCall
    from supervisor.policy.examples import judge_action

    made = preset(name)
    for action in (
        *(
            "sts:AssumeRole",
            "sts:GetSessionToken",
            "sts:GetFederationToken",
            "iam:CreateAccessKey",
            "iam:PutRolePolicy",
        ),
        *(
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "ssm:GetParametersByPath",
            "kms:Decrypt",
            "kms:GetPublicKey",
        ),
        *(
            "ecr:GetAuthorizationToken",
            "codeartifact:GetAuthorizationToken",
            "cognito-identity:GetCredentialsForIdentity",
        ),
        *(
            "ec2:GetPasswordData",
            "ec2:CreateKeyPair",
            "redshift:GetClusterCredentials",
            "lightsail:GetBucketAccessKeys",
        ),
        *("sso:GetRoleCredentials", "dynamodb:GetItem", "dynamodb:BatchGetItem", "s3:GetObject", "s3:DeleteBucket"),
        *("rds:DeleteDBInstance", "ec2:DeleteSnapshot", "cloudtrail:StopLogging", "kms:ScheduleKeyDeletion"),
    ):
        decision = judge_action(made, AwsCall((action,), ("*",), tags=(("env", "dev"),)))
        assert decision.effect is not ALLOW, f"{action}: {decision.explain}"


# ── a changed preset is a scope or an error with a place ─────────────────────────────────────────


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(PRESETS),
    st.integers(0, 10_000),
    st.integers(0, 12),
    st.sampled_from(
        ["", " ", "\n", "-", ":", "{", "[", "]", "*", "&", "!", "'", '"', "\t", "#", "${", "é", "\x00", "deny"]
    ),
)
def test_a_mutated_preset_is_a_scope_or_an_error_with_its_place(name: str, at: int, cut: int, put: str) -> None:
    """No other exception comes out of any text, and the error names the file and line."""
    text = TEXTS[name]
    at %= len(text)
    try:
        preset(name, **{name: text[:at] + put + text[at + cut :]})
    except ScopeError as error:
        said = str(error)
        assert "fix: " in said
        placed = said.startswith("scopes/") and said.partition(".yaml:")[2][:1].isdigit()
        assert placed or "no parameter" in said, said


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PRESETS), st.data())
def test_a_preset_with_a_line_less_or_twice_is_a_scope_or_an_error(name: str, data: st.DataObject) -> None:
    """Lines that a merge loses or doubles."""
    lines = TEXTS[name].splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    times = data.draw(st.sampled_from([0, 2]))
    try:
        preset(name, **{name: "".join([*lines[:at], *lines[at : at + 1] * times, *lines[at + 1 :]])})
    except ScopeError as error:
        assert "fix: " in str(error)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_scope_or_an_error(text: str) -> None:
    """The loader is total."""
    try:
        preset("developer", developer=text)
    except ScopeError as error:
        assert str(error).startswith("scopes/developer.yaml:")
