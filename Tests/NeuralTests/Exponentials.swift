import Foundation

/// log Σ exp(x − peak).
func exponentials(_ values: [Double], _ peak: Double) -> Double {
  log(values.reduce(0) { $0 + exp($1 - peak) })
}
