// Checks that C files are formatted as .clang-format says.
//
// The toolchain's own clangd formats them, so that nothing has to be installed besides Swift. The
// arguments are clangd's path and the files. Prints one line, or one for each fault, and then exits
// with 1. With --fix before the files it rewrites them; with --self-test it looks at a text that isn't
// formatted instead.
import Foundation

/// A conversation with clangd, as the Language Server Protocol has it.
struct Formatter {
  let clangd: String

  /// The formatted text of each file, given its path and text.
  func formatted(_ files: [(path: String, text: String)]) throws -> [String] {
    var input = Data()
    send(["id": -1, "method": "initialize", "params": ["capabilities": [:]]], to: &input)
    for (index, file) in files.enumerated() {
      let address = URL(fileURLWithPath: file.path).absoluteString
      send(
        [
          "method": "textDocument/didOpen",
          "params": [
            "textDocument": ["uri": address, "languageId": "c", "version": 1, "text": file.text]
          ],
        ], to: &input)
      send(
        [
          "id": index, "method": "textDocument/formatting",
          "params": [
            "textDocument": ["uri": address], "options": ["tabSize": 2, "insertSpaces": true],
          ],
        ], to: &input)
    }
    send(["id": -2, "method": "shutdown"], to: &input)
    send(["method": "exit"], to: &input)
    let answers = try answers(to: input)
    return try files.enumerated().map { index, file in
      guard let edits = answers[index] else {
        throw CocoaError(.featureUnsupported, userInfo: ["clangd doesn't format": file.path])
      }
      return Self.apply(edits, to: file.text)
    }
  }

  private func send(_ message: [String: Any], to input: inout Data) {
    var message = message
    message["jsonrpc"] = "2.0"
    guard let body = try? JSONSerialization.data(withJSONObject: message) else { return }
    input += Data("Content-Length: \(body.count)\r\n\r\n".utf8) + body
  }

  /// The results by the numbers of their requests.
  private func answers(to input: Data) throws -> [Int: [[String: Any]]] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: clangd)
    process.arguments = ["--log=error", "--background-index=false"]
    let folder = FileManager.default.temporaryDirectory
    let place = folder.appending(path: "progfed-clangd-\(UUID().uuidString)")
    try input.write(to: place)
    defer { try? FileManager.default.removeItem(at: place) }
    let output = Pipe()
    process.standardInput = try FileHandle(forReadingFrom: place)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var rest = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    var results: [Int: [[String: Any]]] = [:]
    while let end = rest.range(of: Data("\r\n\r\n".utf8)) {
      let digits = String(decoding: rest[..<end.lowerBound], as: UTF8.self).filter(\.isNumber)
      let body = rest[end.upperBound...].prefix(Int(digits) ?? 0)
      rest = rest[body.endIndex...]
      let message = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
      if let id = message?["id"] as? Int, let edits = message?["result"] as? [[String: Any]] {
        results[id] = edits
      }
    }
    return results
  }

  /// A text after edits, whose places are lines and UTF-16 units.
  private static func apply(_ edits: [[String: Any]], to text: String) -> String {
    let units = Array(text.utf16)
    var starts = [0]
    for (index, unit) in units.enumerated() where unit == 0x0A { starts.append(index + 1) }
    func offset(_ place: Any?) -> Int {
      let place = place as? [String: Int] ?? [:]
      return min(units.count, starts[place["line"] ?? 0] + (place["character"] ?? 0))
    }
    var formatted = units
    let ordered = edits.compactMap { edit -> (range: Range<Int>, text: String)? in
      guard let range = edit["range"] as? [String: Any], let new = edit["newText"] as? String
      else { return nil }
      return (offset(range["start"])..<offset(range["end"]), new)
    }.sorted { $0.range.lowerBound > $1.range.lowerBound }
    for edit in ordered { formatted.replaceSubrange(edit.range, with: edit.text.utf16) }
    return String(decoding: formatted, as: UTF16.self)
  }
}

var arguments = Array(CommandLine.arguments.dropFirst())
let formatter = Formatter(clangd: arguments.removeFirst())
let mode = arguments.first.flatMap { $0.hasPrefix("--") ? $0 : nil }
if mode != nil { arguments.removeFirst() }
do {
  if mode == "--self-test" {
    let found = try formatter.formatted([("Sources/test.c", "/* Σ */ int  f( void ){return 1 ;}\n")]
    )
    guard found == ["/* Σ */ int f(void) { return 1; }\n"] else {
      print("c: the check makes \(found) of a text that isn't formatted")
      exit(1)
    }
    print("c: the check finds what is wrong")
    exit(0)
  }
  let files = try arguments.map { ($0, try String(contentsOfFile: $0, encoding: .utf8)) }
  let formatted = try formatter.formatted(files)
  var faults: [String] = []
  for (file, text) in zip(files, formatted) where file.1 != text {
    if mode == "--fix" {
      try text.write(toFile: file.0, atomically: true, encoding: .utf8)
      continue
    }
    let lines = zip(
      file.1.split(separator: "\n", omittingEmptySubsequences: false),
      text.split(separator: "\n", omittingEmptySubsequences: false))
    let line = lines.enumerated().first { $1.0 != $1.1 }?.offset ?? 0
    faults.append("\(file.0):\(line + 1) isn't formatted as .clang-format says; run .ci/format")
  }
  for fault in faults { print("c: \(fault)") }
  guard faults.isEmpty else { exit(1) }
  print("c: \(files.count) C files are formatted")
} catch {
  print("c: \(error)")
  exit(1)
}
