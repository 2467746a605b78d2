# SPDX-License-Identifier: Apache-2.0
import unittest

import check_includes
from tree import Tree


def problems(path, *includes, **others):
    files = {path: "".join(f"#include {i}\n" for i in includes)}
    files.update({p: "" for p in others.get("others", ())})
    return [f.message for f in check_includes.check(Tree(files))]


class CheckIncludesTest(unittest.TestCase):
    def test_allowed_edges_pass(self):
        for path, include in (
                ("lib/sys/a.cc", '"lib/base/text.h"'),
                ("lib/sys/a.cc", '"lib/sys/b.h"'),
                ("lib/recipe/a.cc", '"lib/policy/tree.h"'),
                ("lib/recipe/a.cc", "<lua.hpp>"),
                ("lib/pki/a.cc", "<openssl/evp.h>"),
                ("lib/wire/a.cc", '"fettle/v1/agent.pb.h"'),
                ("modules/file/file.cc", '"modules/file/file.h"'),
                ("modules/file/file_test.cc", '"tests/support/fake_host.h"'),
                ("agent/link/a.cc", '"fettle/v1/agent.grpc.pb.h"'),
                ("agent/engine/a.cc", '"agent/journal/journal.h"'),
                ("agent/main.cc", '"modules/types.h"'),
                ("server/api/a.cc", '"modules/schemas.h"'),
                ("server/api/a.cc", '"fettle/v1/agent.pb.h"'),
                ("cli/apply.cc", '"agent/engine/engine.h"'),
                ("tests/integration/a_test.cc", '"server/fleet/fleet.h"'),
                ("lib/base/a.cc", "<sys/stat.h>"),
                ("lib/base/a.cc", '"absl/status/status.h"')):
            self.assertEqual(problems(path, include), [], f"{path} -> {include}")

    def test_forbidden_edges_are_found(self):
        for path, include in (
                ("lib/base/a.cc", '"lib/sys/host.h"'),
                ("lib/recipe/a.cc", '"lib/sys/host.h"'),
                ("lib/recipe/a.cc", '"lib/policy/revision.h"'),
                ("lib/resource/a.h", '"lib/recipe/loader.h"'),
                ("lib/resource/a.h", '"fettle/v1/agent.pb.h"'),
                ("modules/file/file.cc", '"modules/user/user.h"'),
                ("modules/file/file.cc", '"agent/engine/engine.h"'),
                ("modules/file/file.cc", '"lib/wire/wire.h"'),
                ("agent/engine/a.cc", '"fettle/v1/agent.pb.h"'),
                ("agent/engine/a.cc", '"server/store/store.h"'),
                ("agent/engine/a.cc", '"modules/file/file.h"'),
                ("server/api/a.cc", '"agent/engine/engine.h"'),
                ("cli/apply.cc", '"agent/link/link.h"'),
                ("cli/apply.cc", '"server/store/store.h"'),
                ("server/api/a.cc", '"modules/types.h"'),
                ("agent/engine/a.cc", "<openssl/evp.h>"),
                ("server/policy/a.cc", "<lua.hpp>"),
                ("lib/sys/a.cc", "<lauxlib.h>"),
                ("lib/sys/a.cc", "<grpcpp/grpcpp.h>"),
                ("lib/sys/a.cc", '"tests/support/fake_host.h"'),
                ("lib/sys/a.cc", "<lib/base/text.h>"),
                ("lib/sys/a.cc", '"text.h"'),
                ("lib/sys/a.cc", '"../base/text.h"')):
            self.assertEqual(len(problems(path, include)), 1, f"{path} -> {include}")

    def test_own_header_comes_first(self):
        self.assertEqual(problems("lib/sys/a.cc", '"lib/sys/a.h"', others=["lib/sys/a.h"]), [])
        self.assertEqual(
            len(problems("lib/sys/a.cc", "<string>", '"lib/sys/a.h"', others=["lib/sys/a.h"])), 1)

    def test_includes_in_comments_do_not_count(self):
        tree = Tree({"lib/base/a.cc": '// #include "server/x.h"\n/*\n#include "cli/x.h"\n*/\n'})
        self.assertEqual(check_includes.check(tree), [])

    def test_says_where(self):
        tree = Tree({"lib/base/a.h": '#pragma once\n\n#include "server/x.h"\n'})
        self.assertEqual([str(f) for f in check_includes.check(tree)],
                         ["lib/base/a.h:3: lib/base may not include server/x.h"])


if __name__ == "__main__":
    unittest.main()
