// SPDX-License-Identifier: MIT
//
// The dashboard's files are bytes of the program (`embedInCode` in the manifest), so that the
// server stays one file and the page needs no build step.

import Core
import KintoAPI

/// The files of `/v1/dashboard/`.
enum Dashboard {
    /// What the page may do: load its own files, and talk to this server. Nothing inline.
    private static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The files by name; the page itself has the empty one.
    static let files: [String: StaticFile] = [
        "": file("text/html; charset=utf-8", PackageResources.index_html),
        "dashboard.css": file("text/css; charset=utf-8", PackageResources.dashboard_css),
        "dashboard.js": file("text/javascript; charset=utf-8", PackageResources.dashboard_js),
        "heliograph.js": file("text/javascript; charset=utf-8", PackageResources.heliograph_js),
        "icon.svg": file("image/svg+xml", PackageResources.icon_svg),
    ]

    private static func file(_ mediaType: String, _ bytes: [UInt8]) -> StaticFile {
        StaticFile(
            mediaType: mediaType, bytes: bytes, contentSecurityPolicy: contentSecurityPolicy)
    }
}
