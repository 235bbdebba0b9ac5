import Foundation
import Glibc

/// A folder for the files of one trainer program, in memory where there is room; removed with its
/// last owner.
///
/// What a process left behind that was killed is removed by the next one: a folder's lock tells
/// whether its owner lives.
final class TrainerFolder: Sendable {
  /// The folder.
  let url: URL
  private let lock: Int32

  private static let prefix = "progfed-trainer-"

  /// Makes a folder in which files of `bytes` bytes have room.
  ///
  /// - Throws: what the system says.
  init(bytes: Int) throws {
    let place = Self.places(bytes: bytes).first ?? FileManager.default.temporaryDirectory
    Self.removeLeftovers(in: place)
    url = place.appending(path: "\(Self.prefix)\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    lock = Self.locked(url)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
    if lock >= 0 { close(lock) }
  }

  /// The places with so much room, those in memory first.
  private static func places(bytes: Int) -> [URL] {
    let memory = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
    return [memory, FileManager.default.temporaryDirectory].filter { place in
      let path = place.path(percentEncoded: false)
      let facts = try? FileManager.default.attributesOfFileSystem(forPath: path)
      let free = (facts?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
      return FileManager.default.isWritableFile(atPath: path) && free / 2 > bytes
    }
  }

  /// The lock on a folder; below 0 where somebody else has it.
  private static func locked(_ folder: URL) -> Int32 {
    let path = folder.appending(path: "lock").path(percentEncoded: false)
    // SAFETY: the path is passed as a terminated string that outlives the call.
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return -1 }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return -1
    }
    return descriptor
  }

  /// Removes the folders of this user's processes that live no more.
  private static func removeLeftovers(in place: URL) {
    let found =
      (try? FileManager.default.contentsOfDirectory(
        at: place, includingPropertiesForKeys: [.creationDateKey])) ?? []
    for folder in found where folder.lastPathComponent.hasPrefix(prefix) {
      // Who has just made its folder hasn't locked it yet.
      let made = (try? folder.resourceValues(forKeys: [.creationDateKey]))?.creationDate
      let facts = try? FileManager.default.attributesOfItem(atPath: folder.path)
      let changed = made ?? facts?[.modificationDate] as? Date ?? .now
      guard changed.timeIntervalSinceNow < -60 else { continue }
      guard (facts?[.ownerAccountID] as? NSNumber)?.uint32Value == getuid() else { continue }
      let lock = locked(folder)
      guard lock >= 0 else { continue }
      try? FileManager.default.removeItem(at: folder)
      close(lock)
    }
  }

  /// The path of a file of this name.
  func path(_ name: String) -> String {
    url.appending(path: name).path(percentEncoded: false)
  }
}
