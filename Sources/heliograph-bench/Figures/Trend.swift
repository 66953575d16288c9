// SPDX-License-Identifier: MIT

/// The straight line that fits points best (least squares).
enum Trend {
    /// How much `y` grows when `x` grows by one; nil if that cannot be told.
    ///
    /// - Complexity: O(*n*).
    static func slope(of points: [(x: Double, y: Double)]) -> Double? {
        guard points.count > 1 else { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        var covariance = 0.0
        var variance = 0.0
        for point in points {
            covariance += (point.x - meanX) * (point.y - meanY)
            variance += (point.x - meanX) * (point.x - meanX)
        }
        return variance > 0 ? covariance / variance : nil
    }
}
