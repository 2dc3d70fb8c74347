"""A process that is kept running, as the kubelet keeps a container."""
import os
import signal
import subprocess
import sys
import time

# The kubelet's own: at once after the first failure, then so late, twice as late each time up to the most, and from the
# beginning once a process has run for long. What ends with 0 was asked to, as when its pod is replaced: the new pod
# waits for nothing and has not failed yet.
FIRST_DELAY_SECONDS = 10
MOST_DELAY_SECONDS = 300
LONG_SECONDS = 600


def say(text):
    print(f"up: {text}", file=sys.stderr, flush=True)


def how_it_ended(code):
    return f"killed by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit status {code}"


def last_line(log):
    return log.read_text(errors="replace").rstrip().split("\n")[-1]


class Node:
    """The machine as its processes see it: a folder, names of addresses, who they run as."""

    def __init__(self, folder, lock):
        self.folder = folder
        self.hosts = folder / "hosts"
        self.lock = lock
        for name in ("run", "log"):
            (folder / name).mkdir(exist_ok=True)

    def environment(self, host_name, **variables):
        """All that a process sees of one. Names are looked up in `hosts`, and its own is a pod's."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LD_PRELOAD": "libnss_wrapper.so",
                "NSS_WRAPPER_HOSTS": str(self.hosts), "NSS_WRAPPER_HOSTNAME": host_name, **variables}

    def spawn(self, command, environment, folder, log, user=None):
        """In a session of its own, so that Ctrl-C reaches the supervisor alone, which it does not outlive."""
        rights = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        with open(log, "ab") as out:
            return subprocess.Popen(["setpriv", *rights, "--pdeathsig=KILL", *command], stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out, env=environment, cwd=folder, start_new_session=True,
                                    pass_fds=(self.lock,))


class Process:
    # The role it has beside others alike, as far as it has one.
    role = "-"
    # Why it is not ready.
    reason = "it has not started"

    def __init__(self, node, name, address, grace_seconds, stop_signal=signal.SIGTERM):
        self.node = node
        self.name = name
        self.address = address
        self.grace_seconds = grace_seconds
        self.stop_signal = stop_signal
        self.log = node.folder / "log" / f"{name}.log"
        self.log.write_bytes(b"")
        self.popen = None
        self.ready = False
        self.next_start = 0
        self.next_probe = 0
        self.started = 0
        self.failures = 0

    # ---- What each kind is

    def spawn(self):
        raise NotImplementedError

    def probe(self):
        """Whether it does its work; why it does not otherwise."""
        raise NotImplementedError

    # ---- What all do

    @property
    def pid_file(self):
        return self.node.folder / "run" / f"{self.name}.pid"

    def start(self):
        self.popen = self.spawn()
        self.started = time.monotonic()
        self.pid_file.write_text(f"{self.popen.pid}\n")

    def observe(self):
        """Notices its end, and says when it begins again."""
        if self.popen is None or self.popen.poll() is None:
            return False
        code, self.popen, self.ready = self.popen.returncode, None, False
        self.pid_file.unlink(missing_ok=True)
        now = time.monotonic()
        if code == 0 or now - self.started >= LONG_SECONDS:
            self.failures = 0
        delay = min(FIRST_DELAY_SECONDS << (self.failures - 1), MOST_DELAY_SECONDS) if self.failures else 0
        self.failures += code != 0
        self.next_start = now + delay
        say(f"{self.name} ended: {how_it_ended(code)}; {self.what_then(delay)}; its last line, of {self.log}: "
            f"{self.last_line()}")
        return True

    def what_then(self, delay):
        return f"starts again {f'in {delay} seconds' if delay else 'at once'}"

    def keep(self):
        """Starts it where it does not run and it is time."""
        if self.popen is None and time.monotonic() >= self.next_start:
            self.start()

    def look(self):
        """Asks it, every two seconds as the kubelet does, and more often until it is ready."""
        now = time.monotonic()
        if self.popen is None or now < self.next_probe:
            return
        try:
            self.reason = self.probe()
        except (OSError, ValueError, LookupError) as error:
            self.reason = str(error)
        self.ready = self.reason is None
        self.next_probe = time.monotonic() + (2 if self.ready else 0.3)

    def signal(self, number):
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(number)

    def last_line(self):
        return last_line(self.log)
