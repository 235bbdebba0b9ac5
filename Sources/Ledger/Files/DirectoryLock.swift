import Foundation

/// The lock on a run directory, flock(2) on a file in it that names the holder.
struct DirectoryLock: ~Copyable {
  private let file: OpenFile

  init(_ paths: RunPaths) throws(LedgerError) {
    let file = try OpenFile(paths.lock.path(percentEncoded: false), O_RDWR | O_CREAT)
    do throws(LedgerError) {
      try OpenFile.check("flock", file.path) { flock(file.descriptor, LOCK_EX | LOCK_NB) }
    } catch .system(_, _, EWOULDBLOCK) {
      let holder = String(decoding: try file.read(20, at: 0), as: UTF8.self)
      throw .locked(
        path: paths.directory.path(percentEncoded: false),
        process: Int(holder.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    try file.truncate(to: 0)
    try file.write(Array("\(getpid())\n".utf8))
    self.file = file
  }
}
