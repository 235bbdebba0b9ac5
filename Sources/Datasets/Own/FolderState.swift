package import Bytes
import Foundation

/// The state of a folder or file at a moment: names, sizes and times, no contents.
///
/// Two states of one path are equal where nothing was added, taken away, written or replaced
/// between them.
package struct FolderState: Hashable, Sendable {
  /// The digest over the path and the size, times and number of each file below it.
  package let digest: Digest
  /// The number of files below the path; 1 for a file, and 0 where nothing is there.
  package let files: Int

  /// The deepest folder that is looked into, so that links in a circle come to an end.
  private static let deepest = 16

  /// The state of what lies at `path` now.
  package init(of path: String) {
    var walk = Walk()
    walk.visit(path, depth: 0)
    digest = walk.bytes.digest
    files = walk.files
  }

  /// The bytes that a state is told from.
  private struct Walk {
    var bytes = RunningDigest()
    var files = 0

    mutating func visit(_ path: String, depth: Int) {
      var status = stat()
      // SAFETY: the status is written during the call, for which the path is a terminated string.
      guard unsafe stat(path, &status) == 0 else { return note(path, [-1]) }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        files += 1
        return note(
          path,
          [
            Int(status.st_size), Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
          ])
      }
      note(path, [])
      guard depth < FolderState.deepest,
        let names = try? FileManager.default.contentsOfDirectory(atPath: path)
      else { return note(path, [-2]) }
      for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      where !name.hasPrefix(".") {
        visit("\(path)/\(name)", depth: depth + 1)
      }
    }

    private mutating func note(_ path: String, _ values: [Int]) {
      var text = Array(path.utf8)
      text.append(0)
      for value in values {
        for shift in stride(from: 0, to: 64, by: 8) {
          text.append(UInt8(truncatingIfNeeded: value >> shift))
        }
      }
      bytes.add(text)
    }
  }
}
