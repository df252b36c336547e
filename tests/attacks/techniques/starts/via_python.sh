# Python's many ways to start a program.
# aims: marks
# control: harms
echo tried
python3 - <<'P'
import asyncio, multiprocessing, os, pty, subprocess
swift = os.environ["ATTACK_SWIFT"]
def quiet(what):
    try: what()
    except OSError as error: print(error)
quiet(lambda: subprocess.run([swift])); quiet(lambda: subprocess.run(swift, shell=True)); quiet(lambda: os.system(swift))
quiet(lambda: os.spawnv(os.P_WAIT, swift, ["x"])); quiet(lambda: os.posix_spawn(swift, ["x"], {})); quiet(lambda: os.popen(swift).read())
quiet(lambda: pty.spawn([swift])); quiet(lambda: subprocess.run(["x"], executable=swift)); quiet(lambda: subprocess.run([swift], close_fds=False, preexec_fn=os.setsid))
P
