import Foundation

/// A folder that comes to be whole or not at all: it is filled under another name beside its place,
/// and moved there when everything in it is on the disk.
struct SplitFolder: ~Copyable {
  /// The folder's place.
  let target: String
  /// The folder that is filled meanwhile.
  let partial: String
  private var isFinished = false

  /// A folder at `target`, where nothing or an empty folder may lie.
  init(target: String) throws(DatasetError) {
    let target = target.count > 1 && target.hasSuffix("/") ? String(target.dropLast()) : target
    let manager = FileManager.default
    if let entries = try? manager.contentsOfDirectory(atPath: target) {
      guard entries.isEmpty else {
        throw .malformed(
          path: target, at: "folder", reason: "it isn't empty",
          remedy: "give a folder that isn't there yet")
      }
    } else if manager.fileExists(atPath: target) {
      throw .malformed(
        path: target, at: "entry", reason: "it isn't a folder",
        remedy: "give a folder that isn't there yet")
    }
    let partial = target + ".partial"
    guard !manager.fileExists(atPath: partial) else {
      throw .malformed(
        path: partial, at: "folder",
        reason: "another run is at work here, or was ended by force before it was through",
        remedy: "remove it if none is")
    }
    try Self.create(partial)
    self.target = target
    self.partial = partial
  }

  deinit {
    if !isFinished { try? FileManager.default.removeItem(atPath: partial) }
  }

  /// Makes the folder `name` inside, and those that it lies in.
  func create(_ name: String) throws(DatasetError) { try Self.create("\(partial)/\(name)") }

  /// Brings the folder to its place, and before that everything to the disk if it is to be durable.
  mutating func finish(isDurable: Bool) throws(DatasetError) {
    // One call for all files: one for each takes minutes where there are many.
    if isDurable { sync() }
    // SAFETY: the paths are terminated strings for the time of each call.
    guard unsafe rename(partial, target) == 0 else { throw PlainFile.refusal(target) }
    isFinished = true
    guard isDurable else { return }
    let parent = (target as NSString).deletingLastPathComponent
    let descriptor = unsafe open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == EACCES { return }  // a folder that may be written to and not listed
      throw PlainFile.refusal(parent)
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw PlainFile.refusal(parent) }
  }

  private static func create(_ path: String) throws(DatasetError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw PlainFile.refusal(path)
    }
  }
}
