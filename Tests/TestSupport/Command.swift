package import Foundation
import Synchronization

/// The built `progfed` as a process of its own, its output collected while it runs.
package final class Command: Sendable {
  private let process: Process
  private let output = Collector()
  private let errors = Collector()

  /// Starts `progfed` with these arguments.
  ///
  /// - Parameters:
  ///   - arguments: What is written after the command's name.
  ///   - wrapper: A command that runs it, such as one that enters a network namespace.
  ///   - environment: Variables beside those of the test.
  ///   - longestFile: The most bytes that a file may have, as if the disk were full then; nil for
  ///     any.
  /// - Throws: an error of Foundation's if the executable can't be started.
  package init(
    _ arguments: [String], within wrapper: [String] = [], environment: [String: String] = [:],
    longestFile: Int? = nil
  ) throws {
    process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    if let longestFile {
      // ulimit counts in blocks of 512 bytes; signal 25 is XFSZ, which would end the process.
      let script = "ulimit -f \(longestFile / 512); trap '' 25; exec \"$0\" \"$@\""
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", script, Self.executable.path] + arguments
    }
    if !wrapper.isEmpty {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = wrapper + [Self.executable.path] + arguments
    }
    // What its clients remember is of no concern to whoever runs the tests.
    let state = FileManager.default.temporaryDirectory.appending(path: "progfed-test-state")
    process.environment = ProcessInfo.processInfo.environment
      .merging(["XDG_STATE_HOME": state.path]) { $1 }.merging(environment) { $1 }
    process.standardOutput = output.pipe
    process.standardError = errors.pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    output.start()
    errors.start()
  }

  deinit { if process.isRunning { send(SIGKILL) } }

  /// The executable beside the test bundle.
  package static var executable: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "progfed")
  }

  /// The number of its process, or of its wrapper's.
  package var number: Int { Int(process.processIdentifier) }

  /// True until it has ended.
  package var isRunning: Bool { process.isRunning }

  /// What it wrote to standard output so far.
  package var standardOutput: String { output.text }

  /// What it wrote to standard error so far.
  package var standardError: String { errors.text }

  /// Sends it a signal.
  package func send(_ signal: CInt) { kill(process.processIdentifier, signal) }

  /// The most memory that it ever had resident, in bytes, from /proc; nil once it ended.
  package var peakMemory: Int? {
    let path = "/proc/\(process.processIdentifier)/status"
    let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
    let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count == 3 ? Int(words[1]).map { $0 << 10 } : nil
  }

  /// The number of files and sockets that it has open; nil once it ended.
  package var descriptorCount: Int? {
    let path = "/proc/\(process.processIdentifier)/fd"
    return (try? FileManager.default.contentsOfDirectory(atPath: path))?.count
  }

  /// Waits for its end and gives its exit status; nil when it had to be killed after `limit`
  /// seconds.
  package func status(within limit: Double = 120) -> Int32? {
    let end = Date().addingTimeInterval(limit)
    while process.isRunning {
      guard Date() < end else {
        send(SIGKILL)
        return nil
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    output.waitForEnd()
    errors.waitForEnd()
    return process.terminationStatus
  }

  /// Waits until standard error contains `text` so often; false after `limit` seconds or if it
  /// ended.
  package func says(_ text: String, times: Int = 1, within limit: Double = 60) -> Bool {
    let end = Date().addingTimeInterval(limit)
    func isSaid() -> Bool { standardError.components(separatedBy: text).count > times }
    while !isSaid(), Date() < end, process.isRunning { Thread.sleep(forTimeInterval: 0.01) }
    return isSaid()
  }
}

/// Reads a pipe to its end on a thread of its own.
private final class Collector: Sendable {
  let pipe = Pipe()
  private let data = Mutex(Data())
  private let ended = DispatchSemaphore(value: 0)

  var text: String { String(decoding: data.withLock { $0 }, as: UTF8.self) }

  func start() {
    try? pipe.fileHandleForWriting.close()
    Thread.detachNewThread { [self] in
      while true {
        let chunk = pipe.fileHandleForReading.availableData
        if chunk.isEmpty { break }
        data.withLock { $0.append(chunk) }
      }
      ended.signal()
    }
  }

  func waitForEnd() {
    _ = ended.wait(timeout: .now() + 5)
    ended.signal()
  }
}
