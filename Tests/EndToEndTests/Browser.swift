import Foundation
import Synchronization

/// A headless Chromium, spoken to through pipes (Chrome DevTools Protocol).
final class Browser: Sendable {
  /// Where the browser is; nil if none is installed.
  static let executable: String? = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// True if tests that look at pages are run: where there is a browser, and always in CI.
  static let isExpected =
    executable != nil || ProcessInfo.processInfo.environment["CI"] != nil

  /// What went wrong between the test and the browser.
  enum Failure: Error {
    case missing
    case noAnswer(String)
    case refused(String)
  }

  private let process: Process
  private let input: FileHandle
  private let messages = Mutex<[Data]>([])
  private let next = Mutex(0)
  private let profile: URL

  /// Starts a browser.
  init() throws {
    guard let executable = Self.executable else { throw Failure.missing }
    profile = FileManager.default.temporaryDirectory.appending(
      path: "browser-\(UUID().uuidString)")
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // The protocol is spoken on descriptors 3 and 4.
    process.arguments = [
      "-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null", executable,
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--mute-audio",
      "--remote-debugging-pipe", "--user-data-dir=\(profile.path)", "about:blank",
    ]
    let (toBrowser, fromBrowser) = (Pipe(), Pipe())
    process.standardInput = toBrowser
    process.standardOutput = fromBrowser
    input = toBrowser.fileHandleForWriting
    try process.run()
    try? fromBrowser.fileHandleForWriting.close()
    let output = fromBrowser.fileHandleForReading
    Thread.detachNewThread { [weak self] in
      var rest = Data()
      while true {
        let bytes = output.availableData
        if bytes.isEmpty { return }
        rest += bytes
        while let end = rest.firstIndex(of: 0) {
          let message = Data(rest[rest.startIndex..<end])
          self?.messages.withLock { $0.append(message) }
          rest = Data(rest[rest.index(after: end)...])
        }
      }
    }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: profile)
  }

  /// Sends a command and waits for its result.
  func call(
    _ method: String, _ parameters: [String: Any] = [:], session: String? = nil
  ) throws -> [String: Any] {
    let number = next.withLock { next in
      next += 1
      return next
    }
    var command: [String: Any] = ["id": number, "method": method, "params": parameters]
    if let session { command["sessionId"] = session }
    try input.write(contentsOf: JSONSerialization.data(withJSONObject: command) + [0])
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      for message in received() where message["id"] as? Int == number {
        if let error = message["error"] { throw Failure.refused("\(method): \(error)") }
        return message["result"] as? [String: Any] ?? [:]
      }
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw Failure.noAnswer(method)
  }

  /// The events of a session so far.
  func events(of session: String) -> [(method: String, parameters: [String: Any])] {
    received().compactMap { message in
      guard message["sessionId"] as? String == session, let method = message["method"] as? String
      else { return nil }
      return (method, message["params"] as? [String: Any] ?? [:])
    }
  }

  private func received() -> [[String: Any]] {
    messages.withLock { $0 }.compactMap {
      try? JSONSerialization.jsonObject(with: $0) as? [String: Any]
    }
  }
}
