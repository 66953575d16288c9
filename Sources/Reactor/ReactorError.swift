// SPDX-License-Identifier: MIT

import Glibc

/// Why a loop or a listener cannot be made. The texts are for the operator.
package enum ReactorError: Error, Equatable {
    /// Somebody listens there already; the address.
    case addressInUse(String)
    /// This user may not listen there (a port below 1024, an unwritable directory); the address.
    case notPermitted(String)
    /// No address of this machine, or none at all; what is wrong with it.
    case badAddress(String)
    /// A system call failed for a reason of the system's; the call.
    case systemCall(String, errno: Int32)
}

extension ReactorError: CustomStringConvertible {
    /// One line that says what to change.
    package var description: String {
        switch self {
        case .addressInUse(let address): "\(address) is in use by another process"
        case .notPermitted(let address): "not permitted to listen on \(address)"
        case .badAddress(let problem): problem
        case .systemCall(let call, let errno): "\(call) failed: \(String(cString: strerror(errno)))"
        }
    }
}
