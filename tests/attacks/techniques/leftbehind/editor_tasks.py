"""Leave tasks, debuggers and settings that an editor runs when the folder is opened."""

# aims: host
# control: none (a report is only written of a session)
from attack import target, tried
from behind import leave

task = '{"version":"2.0.0","tasks":[{"label":"x","command":"touch /tmp/owned","runOptions":{"runOn":"folderOpen"}}]}'
tried()
for base in ("", target["work"]):
    for name in (".vscode/tasks.json", ".vscode/settings.json", ".idea/workspace.xml", "x.code-workspace", ".devcontainer/devcontainer.json",
                 ".exrc", ".nvim.lua", ".dir-locals.el", ".zed/tasks.json", ".VSCODE/tasks.json"):  # fmt: skip
        leave(name, task, base=base)
