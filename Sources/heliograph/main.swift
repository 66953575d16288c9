// SPDX-License-Identifier: MIT

import Glibc
import Server

// Nothing else here: code of this file runs isolated to the main actor.
exit(HeliographProgram.run(Array(CommandLine.arguments.dropFirst())).rawValue)
