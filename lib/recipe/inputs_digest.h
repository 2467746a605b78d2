// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/digest/digest.h"
#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// One number for all that an evaluation by this program can depend on: every field of `input`, and
// of its tree each path, content (by its digest, as the tree took it in) and mode. The schemas are
// not in it: they are part of the program, as Lua and the readers of data are, and whoever keeps a
// result beyond the process must tell programs apart. input.tree must not be null.
Digest InputsDigest(const EvaluateInput& input);

}  // namespace fettle::recipe
