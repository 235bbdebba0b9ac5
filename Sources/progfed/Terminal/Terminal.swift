import Foundation
import Ledger

/// The stream on which the command writes for people: a terminal or not.
struct Terminal: Sendable {
  /// Somebody watches: lines may be written over.
  let isTerminal: Bool
  /// The number of columns.
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

  /// Writes a text for people to standard error, as far as it goes: nobody to read it is no reason
  /// to end.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Standard output.
  static var output: Terminal { Terminal(STDOUT_FILENO) }
  /// Standard error.
  static var error: Terminal { Terminal(STDERR_FILENO) }
}

/// The destination of a report: a file that was named, or standard output.
struct Output {
  private let path: String?

  /// The file at `path`; standard output where there is none.
  init(_ path: String?) { self.path = path }

  /// Writes all of `content`; a file is written whole or not at all.
  ///
  /// - Throws: `LedgerError`.
  func write(_ content: Data) throws {
    guard let path else {
      do { return try FileHandle.standardOutput.write(contentsOf: content) } catch {
        throw DurableFile.translated(error, "write", URL(fileURLWithPath: "/dev/stdout"))
      }
    }
    try DurableFile.write(content, to: URL(fileURLWithPath: path))
  }
}
