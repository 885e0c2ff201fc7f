"""What the demos share: a story on the screen with a clock, checks on the way, one verdict at the end.

    def tell(story, once): …
    sys.exit(perform(__doc__, tell))

Invariant: "demo: passed" and exit code 0 mean that every check was good and, with --once, that the story was told to its end.
"""
import argparse
import time

from . import processes


class Story:
    """Prints what happens and keeps what went wrong."""

    def __init__(self):
        self.began, self.problems = time.monotonic(), []

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.1f} s] {text}", flush=True)

    def check(self, good, text):
        self.say(("ok    " if good else "WRONG ") + text)
        if not good:
            self.problems.append(text)

    def verdict(self):
        """Prints it; the exit code."""
        print(f"demo: FAILED, {len(self.problems)} problem(s): {self.problems[0]}" if self.problems else "demo: passed", flush=True)
        return 1 if self.problems else 0


def perform(usage, tell):
    """tell(story, once) does everything; returns the exit code."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="end by itself with a verdict")
    once = parser.parse_args().once
    processes.end_on_signals()
    story = Story()
    try:
        tell(story, once)
    except KeyboardInterrupt:
        story.say("stopped")
        if once:
            story.problems.append("interrupted")
    except (AssertionError, OSError, RuntimeError) as failure:
        story.check(False, str(failure))
    return story.verdict()
