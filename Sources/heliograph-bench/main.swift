// SPDX-License-Identifier: MIT

import Glibc

// Only a door: code of this file is bound to the main actor.
exit(Bench.run(CommandLine.arguments))
