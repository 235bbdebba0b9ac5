import Measures

extension Duration {
  /// The two leading units: "850 ms", "12.3 s", "4 m 10 s", "3 h 12 m", "2 d 4 h".
  package var brief: String {
    let seconds = max(0, self.seconds)
    if seconds < 0.9995 { return "\((1000 * seconds).fixed(0)) ms" }
    if seconds < 59.95 { return "\(seconds.fixed(seconds < 9.995 ? 2 : 1)) s" }
    guard seconds < 1e15 else { return "for ever" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) m \(whole % 60) s" }
    let minutes = Int((seconds / 60).rounded())
    if minutes < 1440 { return "\(minutes / 60) h \(minutes % 60) m" }
    let hours = Int((seconds / 3600).rounded())
    return "\(hours / 24) d \(hours % 24) h"
  }
}
