"""Tests of the second opinion (tools/verify_vectors.py): that it can disagree.

    second_opinion_test.py SOURCE_DIRECTORY [unittest's arguments]
"""

import contextlib
import copy
import hashlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
VECTORS = SOURCE / "tests" / "vectors"
sys.path.insert(0, str(SOURCE / "tools"))

import verify_vectors  # noqa: E402
from second_opinion.claims import KINDS  # noqa: E402
from second_opinion.refusal import CannotDecide  # noqa: E402
from second_opinion.vector_file import BadFile, read_vector_file  # noqa: E402

NOT_PART_OF_A_CLAIM = ("tcId", "comment", "flags", "result")
# What only --slow computes: fields whose alteration cannot be seen without.
SLOW = {("device_request", "code")}


def run(*arguments):
    """Exit status and output of the program."""
    output = io.StringIO()
    with mock.patch.object(sys, "argv", ["verify_vectors.py", *map(str, arguments)]), \
            contextlib.redirect_stdout(output):
        status = verify_vectors.main()
    return status, output.getvalue()


def chosen(kind, case, what, number):
    """A number below `number`, the same on each run."""
    digest = hashlib.sha256(f"{kind} {case['tcId']} {what}".encode()).digest()
    return int.from_bytes(digest[:8], "little") % number


def leaves(value, path=()):
    """The paths of all texts and numbers below a value."""
    if isinstance(value, dict):
        return [leaf for name, member in value.items() for leaf in leaves(member, path + (name,))]
    if isinstance(value, list):
        return [leaf for place, item in enumerate(value) for leaf in leaves(item, path + (place,))]
    return [path]


def altered(value, place):
    """Another value of the same shape: a byte complemented, a letter replaced, a number that is higher by one."""
    if isinstance(value, int):
        return value + 1
    if not value:
        return "5a"  # no zero: HMAC fills keys, and so salts, with zeros
    if len(value) % 2 == 0 and set(value) <= set("0123456789abcdef"):
        start = place % (len(value) // 2) * 2
        return value[:start] + f"{int(value[start:start + 2], 16) ^ 0xff:02x}" + value[start + 2:]
    start = place % len(value)
    return value[:start] + ("B" if value[start] == "A" else "A") + value[start + 1:]


def alter(kind, case, field):
    """A copy of a case in which one value below `field` is another."""
    case = copy.deepcopy(case)
    paths = leaves(case[field], (field,))
    *way, last = paths[chosen(kind, case, field, len(paths))]
    holder = case
    for step in way:
        holder = holder[step]
    holder[last] = altered(holder[last], chosen(kind, case, (field, "place"), 1 << 32))
    return case


def valid_cases():
    """Kind and case of each valid case."""
    for path in sorted(VECTORS.glob("*.json")):
        kind, cases = read_vector_file(path)
        for case in cases:
            if case["result"] == "valid":
                yield kind, case


def computed(kind, case):
    """Whether a case is computed without --slow."""
    return kind != "database_key" or case["memoryBytes"] <= 1024 * 1024


def is_refused(kind, case):
    """Whether a case is no longer held for valid."""
    try:
        return verify_vectors.opinion(KINDS[kind], case, False) is not None
    except BadFile:
        return True
    except CannotDecide:
        return False


class Disagrees(unittest.TestCase):
    """What is wrong is seen."""

    def test_an_altered_value_in_each_field_of_each_valid_case(self):
        seen = 0
        for kind, case in valid_cases():
            for field in case:
                if field in NOT_PART_OF_A_CLAIM or (kind, field) in SLOW or not computed(kind, case):
                    continue
                if case[field] == []:
                    continue
                self.assertTrue(is_refused(kind, alter(kind, case, field)), f"{kind} {case['tcId']} {field}")
                seen += 1
        self.assertGreater(seen, 500)

    def test_an_altered_code_with_slow(self):
        kind, cases = read_vector_file(VECTORS / "device_request.json")
        case = alter(kind, cases[0], "code")
        with mock.patch("second_opinion.adding_devices.argon2id", return_value=bytes(32)):
            refusal = verify_vectors.opinion(KINDS[kind], case, True)
        self.assertEqual(refusal.reason, "mismatch")


class Files(unittest.TestCase):
    """The program on files that are not as they should be."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.file = json.loads((VECTORS / "padme.json").read_text(encoding="utf-8"))
        self.tests = [case for group in self.file["testGroups"] for case in group["tests"]]

    def check(self):
        """Exit status and output for the file as it stands."""
        path = self.directory / "padme.json"
        path.write_text(json.dumps(self.file), encoding="utf-8")
        return run(path)

    def test_as_it_is(self):
        self.assertEqual(self.check()[0], 0)

    def test_an_invalid_case_that_is_called_valid(self):
        self.tests[-1]["result"] = "valid"
        self.tests[-1]["zeros"] = 0
        del self.tests[-1]["reason"]
        self.assertEqual(self.check()[0], 1)

    def test_a_valid_case_that_is_called_invalid(self):
        self.tests[0].update(result="invalid", reason="mismatch")
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("padme 1 (invalid, ''): accepted", output)

    def test_another_reason(self):
        self.tests[-1]["reason"] = "malformed"
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("refused for another reason", output)

    def test_an_invalid_case_without_what_would_refuse_it(self):
        del self.tests[-1]["padded"]
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("cannot be judged", output)

    def test_an_unknown_kind(self):
        self.file["algorithm"] = "padmé"
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("an unknown kind", output)

    def test_an_unknown_field(self):
        self.tests[0]["colour"] = "red"
        self.assertEqual(self.check()[0], 1)

    def test_a_schema_that_comes_with_the_file_allows_nothing(self):
        (self.directory / "schemas").mkdir()
        (self.directory / "schemas" / "padme_schema.json").write_text("{}", encoding="utf-8")
        self.tests[0]["colour"] = "red"
        self.assertEqual(self.check()[0], 1)

    def test_a_value_that_no_check_asks_for(self):
        conversation = json.loads((VECTORS / "conversation.json").read_text(encoding="utf-8"))
        wiped = [event for group in conversation["testGroups"] for case in group["tests"] if case["result"] == "valid"
                 for event in case["events"] if event["type"] == "wipe"]
        wiped[0]["kind"] = 1
        path = self.directory / "conversation.json"
        path.write_text(json.dumps(conversation), encoding="utf-8")
        status, output = run(path)
        self.assertEqual(status, 1)
        self.assertIn(".kind has no part in the claim", output)

    def test_a_key_id_twice(self):
        transcript = json.loads((VECTORS / "transcript.json").read_text(encoding="utf-8"))
        keys = transcript["testGroups"][0]["tests"][0]["parties"][1]["sealKeys"]
        keys.append(keys[0])
        path = self.directory / "transcript.json"
        path.write_text(json.dumps(transcript), encoding="utf-8")
        status, output = run(path)
        self.assertEqual(status, 1)
        self.assertIn("refused: malformed", output)

    def test_a_check_that_breaks_hides_no_other_case(self):
        with mock.patch.dict(KINDS, padme=lambda case: [][1]):
            status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn(f"{len(self.tests)} cases", output)
        self.assertEqual(output.count("cannot be judged: IndexError"), len(self.tests))

    def test_nothing_computed_is_nothing_shown(self):
        with mock.patch.dict(KINDS, padme=mock.Mock(side_effect=CannotDecide)):
            self.assertEqual(self.check()[0], 1)

    def test_a_comment_does_not_move_the_cursor(self):
        self.tests[0]["comment"] = "\x1b[2J\u202e"
        path = self.directory / "padme.json"
        path.write_text(json.dumps(self.file), encoding="utf-8")
        status, output = run("--explain", path)
        self.assertEqual(status, 0)
        self.assertIn("\\x1b[2J\\u202e", output)

    def test_a_file_without_cases(self):
        self.file.update(testGroups=[], numberOfTests=0)
        self.assertEqual(self.check()[0], 1)

    def test_a_missing_case(self):
        self.file["testGroups"][0]["tests"].pop()
        self.assertEqual(self.check()[0], 1)

    def test_a_wrong_number_of_cases(self):
        self.file["numberOfTests"] += 1
        self.assertEqual(self.check()[0], 1)

    def test_no_file(self):
        self.assertEqual(run(self.directory / "nothing.json")[0], 1)


class Kinds(unittest.TestCase):
    """What there are checks for."""

    def test_a_check_for_every_file(self):
        self.assertEqual({path.stem for path in VECTORS.glob("*.json")}, set(KINDS))


if __name__ == "__main__":
    unittest.main()
