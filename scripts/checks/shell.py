"""Reads a shell script far enough to say which commands it calls. Expansions are not run: a word that holds one is no name."""
import re

KEYWORDS = {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac", "time", "case", "for",
            "select", "function", "in", "[[", "coproc"}
GOES_ON = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"}  # a command follows
BUILTINS = set(""": . [ alias bg break builtin cd command continue declare echo eval exec exit export false fg getopts hash
    jobs kill local mapfile popd printf pushd pwd read readarray readonly return set shift shopt source test times trap true
    type typeset ulimit umask unset wait""".split())
PREFIXES = {"exec", "env", "nohup", "sudo", "setsid", "nice"}  # run what follows them
NAME = re.compile(r"(/(usr/)?s?bin/)?[A-Za-z_][\w.+-]*")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=")
FUNCTION = re.compile(r"^[ \t]*([A-Za-z_]\w*)\s*\(\)", re.M)
UNKNOWN = "\0"  # stands for an expansion inside a word


def functions(script):
    return set(FUNCTION.findall(script))


def commands(script, prefixes=frozenset()):
    """[(line, name)] of the commands that are called by name, without keywords, builtins and the script's own functions."""
    reader = _Reader(script, PREFIXES | prefixes)
    reader.read(0, "")
    own = functions(script)
    return [(script.count("\n", 0, at) + 1, name) for at, name in reader.found if name not in own and name not in BUILTINS]


class _Reader:
    """One pass from left to right; nested commands ("$( )", "( )", "` `") by recursion."""

    def __init__(self, text, prefixes):
        self.text, self.prefixes, self.found = text, prefixes, []

    def read(self, i, closer):
        """Reads commands from i to the closing character; returns the place behind it."""
        text, word, start, first = self.text, "", i, True  # first: the next word is a command's name
        in_case, heredocs = False, []

        def end_word(first):
            nonlocal word, in_case
            name, word = word, ""
            if not name:
                return first, False
            if not first:
                pattern, in_case = in_case and name == "in", in_case and name != "in"
                return False, pattern
            if name in KEYWORDS:
                in_case = in_case or name == "case"
                return name in GOES_ON, False
            if ASSIGNMENT.match(name):
                return True, False
            if name.startswith("-") and self.after_prefix:
                return True, False
            if NAME.fullmatch(name):
                self.found.append((start, name))
            self.after_prefix = name.split("/")[-1] in self.prefixes
            return self.after_prefix, False

        self.after_prefix = False
        while i < len(text):
            c = text[i]
            if c == closer and closer:
                end_word(first)
                return i + 1
            if not word:
                start = i
            if c == "\\":
                word += "" if text[i + 1:i + 2] == "\n" else text[i + 1:i + 2]
                i += 2
            elif c == "'":
                end = self.behind_quote(i)
                word += text[i + 1:end - 1] or UNKNOWN
                i = end
            elif c in '"$`':
                i, piece = self.expansion(i)
                word += piece
            elif c == "#" and not word:
                i = self.line_end(i)
            elif c in " \t":
                first, pattern = end_word(first)
                i = self.behind_pattern(i) if pattern else i + 1
            elif text.startswith("<<", i) and not text.startswith("<<<", i):
                mark = re.compile(r"<<-?\s*(['\"]?)(\w+)\1").match(text, i)
                if mark:
                    heredocs.append(mark.group(2))
                i = mark.end() if mark else i + 2
            elif c in "<>" or text.startswith("&>", i):
                word = "" if word.isdigit() else word
                first, _ = end_word(first)
                i = self.behind_redirection(i)
            elif c == "(" and ASSIGNMENT.fullmatch(word):
                i, word = self.behind_array(i + 1), word + UNKNOWN
            elif c == "(" and text.startswith("()", i) and word:
                word, first, i = "", True, i + 2
            elif c == "(" and text.startswith("((", i):
                end = text.find("))", i)
                i = len(text) if end < 0 else end + 2
            elif c == "(":
                i = self.read(i + 1, ")")
            elif c in ";&|\n":
                _, pattern = end_word(first)
                first, self.after_prefix = True, False
                pattern = pattern or text.startswith(";;", i)
                i += 2 if text.startswith(";;", i) else 1
                if c == "\n":
                    for mark in heredocs:
                        end = re.compile(rf"^\t*{mark}$", re.M).search(text, i)
                        i = end.end() if end else len(text)
                    heredocs = []
                if pattern:
                    i = self.behind_pattern(i)
            else:
                word += c
                i += 1
        end_word(first)
        return i

    def line_end(self, i):
        end = self.text.find("\n", i)
        return len(self.text) if end < 0 else end

    def behind_quote(self, i):
        end = self.text.find("'", i + 1)
        return len(self.text) if end < 0 else end + 1

    def expansion(self, i):
        """(place behind, what stands for it in the word): "…", $(…), ${…}, $((…)), $name, `…`."""
        text = self.text
        if text[i] == '"':
            piece, i = "", i + 1
            while i < len(text) and text[i] != '"':
                if text[i] == "\\":
                    piece, i = piece + text[i + 1:i + 2], i + 2
                elif text[i] in "$`":
                    i, more = self.expansion(i)
                    piece += more
                else:
                    piece, i = piece + text[i], i + 1
            return i + 1, piece or UNKNOWN
        if text[i] == "`":
            return self.nested(i + 1, "`"), UNKNOWN
        if text.startswith("$((", i):
            end = text.find("))", i)
            return (len(text) if end < 0 else end + 2), UNKNOWN
        if text.startswith("$(", i):
            return self.nested(i + 2, ")"), UNKNOWN
        if text.startswith("${", i):
            i += 2
            while i < len(text) and text[i] != "}":
                i = self.expansion(i)[0] if text[i] in '"$`' else i + 1
            return i + 1, UNKNOWN
        name = re.compile(r"\$(\w+|.)?").match(text, i)
        return name.end(), UNKNOWN

    def nested(self, i, closer):
        kept = self.after_prefix
        i = self.read(i, closer)
        self.after_prefix = kept
        return i

    def behind_pattern(self, i):
        """Behind the ")" of a case's pattern, or before its esac."""
        while i < len(self.text):
            rest = re.compile(r"(\s|#[^\n]*)*").match(self.text, i).end()
            if re.compile(r"esac\b").match(self.text, rest):
                return rest
            i = rest + 1 if self.text.startswith("(", rest) else rest
            while i < len(self.text) and self.text[i] != ")":
                if self.text[i] in '"$`':
                    i = self.expansion(i)[0]
                elif self.text[i] == "'":
                    i = self.behind_quote(i)
                else:
                    i += 2 if self.text[i] == "\\" else 1
            return i + 1
        return i

    def behind_redirection(self, i):
        i = re.compile(r"&?[<>]+[&|]?-?[ \t]*").match(self.text, i).end()
        if self.text.startswith("(", i):  # <(…)
            return self.nested(i + 1, ")")
        while i < len(self.text) and self.text[i] not in " \t\n;&|()<>":
            if self.text[i] in '"$`':
                i = self.expansion(i)[0]
            elif self.text[i] == "'":
                i = self.behind_quote(i)
            else:
                i += 1
        return i

    def behind_array(self, i):
        while i < len(self.text) and self.text[i] != ")":
            if self.text[i] in '"$`':
                i = self.expansion(i)[0]
            elif self.text[i] == "'":
                i = self.behind_quote(i)
            elif self.text[i] == "#":
                i = self.line_end(i)
            else:
                i += 1
        return i + 1
