/// Why a ledger, a run directory or a durable file can't be read or written.
public enum LedgerError: Error, Hashable, Sendable {
  /// There is nothing at the path.
  case missing(path: String)
  /// A run is there already.
  case exists(path: String)
  /// The directory holds files of something else, for example the named one.
  case foreign(path: String, file: String)
  /// Another process works on the directory.
  case locked(path: String, process: Int?)
  /// The path may not be written to.
  case readOnly(path: String)
  /// The disk, or the user's share of it, is full.
  case full(path: String)
  /// The file isn't what it should be.
  case damaged(path: String, problem: String)
  /// The file is of a format that a later version of this program writes.
  case newer(path: String, format: Int)
  /// The operating system refused something else.
  case system(path: String, operation: String, code: Int32)
}

extension LedgerError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such run; give the directory that --out named"
    case .exists(let path):
      "\(path): holds a run already; go on with it by --resume instead of --out, or choose another --out"
    case .foreign(let path, let file):
      "\(path): not empty and not a run (it holds “\(file)”); choose a new or empty directory"
    case .locked(let path, let process):
      "\(path): in use by \(process.map { "process \($0)" } ?? "another process"); "
        + "wait for it, stop it, or choose another --out"
    case .readOnly(let path): "\(path): not writable; check its owner, its permissions, its mount"
    case .full(let path):
      "\(path): the disk, quota or limit on files is full; free some space, then go on with --resume"
    case .damaged(let path, let problem): "\(path): damaged: \(problem)"
    case .newer(let path, let format):
      "\(path): written in format \(format) by a later version of progfed; update progfed"
    case .system(let path, let operation, let code):
      "\(path): \(operation) failed: \(SystemCode.message(code))"
    }
  }
}
