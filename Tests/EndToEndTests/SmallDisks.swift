import Foundation

/// Disks of a few megabytes that can be full, each in a folder; gone when nobody holds them.
///
/// They are mounted in a mount namespace of their own, so that nothing is left of them however the
/// test ends.
final class SmallDisks {
  /// The command that runs others where the disks are.
  let wrapper: [String]
  private let keeper: Process
  private let held: Pipe
  /// The files that fill the disks, by the disks' folders.
  private var fillers: [String: FileHandle] = [:]

  /// Mounts a disk of so many mebibytes in each of these folders; nil if that isn't permitted.
  init?(in folders: [String], mebibytes: Int) {
    let (said, held) = (Pipe(), Pipe())
    let mounts = folders.map { "mount -t tmpfs -o size=\(mebibytes)m progfed '\($0)'" }
    keeper = Process()
    keeper.executableURL = URL(filePath: "/usr/bin/env")
    // It ends with the test, whose end of the pipe is closed then.
    keeper.arguments = [
      "unshare", "--mount", "sh", "-c",
      mounts.joined(separator: " && ") + " && echo ready && exec cat",
    ]
    (keeper.standardInput, keeper.standardOutput) = (held, said)
    keeper.standardError = FileHandle.nullDevice
    self.held = held
    guard (try? keeper.run()) != nil else { return nil }
    wrapper = ["nsenter", "--mount=/proc/\(keeper.processIdentifier)/ns/mnt"]
    try? said.fileHandleForWriting.close()
    guard String(decoding: said.fileHandleForReading.availableData, as: UTF8.self) == "ready\n"
    else {
      keeper.waitUntilExit()
      return nil
    }
  }

  deinit {
    try? held.fileHandleForWriting.close()
    keeper.waitUntilExit()
  }

  /// The place where this process finds what is called `path` where the disks are.
  func outside(_ path: String) -> String { "/proc/\(keeper.processIdentifier)/root\(path)" }

  /// Takes all room that there is now on the disk in `folder`.
  func fill(_ folder: String) {
    let path = outside("\(folder)/filler")
    if fillers[folder] == nil {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      fillers[folder] = FileHandle(forWritingAtPath: path)
    }
    guard let filler = fillers[folder] else { return }
    for size in [1 << 20, 4096] {
      let block = Data(repeating: 1, count: size)
      while (try? filler.write(contentsOf: block)) != nil {}
    }
  }

  /// Gives back what was taken.
  func free(_ folder: String) {
    // A process that was started meanwhile may hold the file, too.
    try? fillers[folder]?.truncate(atOffset: 0)
    try? fillers.removeValue(forKey: folder)?.close()
    try? FileManager.default.removeItem(atPath: outside("\(folder)/filler"))
  }
}

/// A time namespace for a process of its own.
enum OtherClock {
  /// The command that runs others with a monotonic clock that is so many seconds ahead, as that of
  /// another machine; none for 0.
  static func wrapper(ahead seconds: Int) -> [String] {
    seconds == 0
      ? [] : ["unshare", "--time", "--monotonic", "\(seconds)", "--boottime", "\(seconds)"]
  }

  /// True if that is permitted, and a command that is run so has that clock without being forked.
  static let isPermitted: Bool = {
    let (probe, said) = (Process(), Pipe())
    probe.executableURL = URL(filePath: "/usr/bin/env")
    probe.arguments = wrapper(ahead: 1_000_000_000) + ["cat", "/proc/uptime"]
    probe.standardOutput = said
    probe.standardError = FileHandle.nullDevice
    guard (try? probe.run()) != nil else { return false }
    let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    probe.waitUntilExit()
    return text.hasPrefix("1") && (text.prefix { $0 != "." }).count == 10
  }()
}
