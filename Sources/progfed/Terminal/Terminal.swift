import Foundation

/// Where the command writes for people: standard error, a terminal or not.
struct Terminal: Sendable {
  /// Somebody watches: lines may be written over.
  let isTerminal: Bool
  /// How many columns there are.
  let width: Int
  /// Escape sequences for colours are welcome.
  let colours: Bool

  /// The terminal behind a descriptor.
  init(_ descriptor: CInt) {
    isTerminal = isatty(descriptor) == 1
    var size = winsize()
    let known = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    width = known ? Int(size.ws_col) : columns ?? 80
    // https://no-color.org: any value but the empty one.
    let noColour = ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    let dumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
    colours = isTerminal && !noColour && !dumb
  }

  /// Writes a line for people to standard error.
  static func note(_ text: String) { write("\(text)\n") }

  /// Writes a text for people to standard error, as far as it goes: nobody to read it is no reason to end.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Standard output.
  static var output: Terminal { Terminal(STDOUT_FILENO) }
  /// Standard error.
  static var error: Terminal { Terminal(STDERR_FILENO) }
}
