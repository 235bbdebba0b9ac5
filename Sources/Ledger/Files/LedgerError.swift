import Foundation

/// A reason for which a ledger, a run directory or a durable file can't be read or written.
public enum LedgerError: Error, Hashable, Sendable {
  /// No run is at the path.
  case missing(path: String)
  /// A file isn't there that should be.
  case absent(path: String)
  /// The folder isn't there into which a file was to be put.
  case noFolder(path: String)
  /// A folder is where a file should be.
  case isFolder(path: String)
  /// A folder should be there, and it, or what should hold it, is a file.
  case notFolder(path: String)
  /// A run is there already.
  case exists(path: String)
  /// The directory holds files of something else, for example the named one.
  case foreign(path: String, file: String)
  /// Another process works on the directory.
  case locked(path: String, process: Int?)
  /// The path may not be used so, mostly not be written to.
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
  /// The fault, its place, and its remedy.
  public var description: String { "\(problem); \(remedy)" }

  /// The fault and its place.
  public var problem: String {
    switch self {
    case .missing(let path): "\(path): no such run"
    case .absent(let path): "\(path): isn't there"
    case .noFolder(let path): "\(path): there is no such folder to put a file into"
    case .isFolder(let path): "\(path): is a folder, where a file is wanted"
    case .notFolder(let path): "\(path): can't be a folder: it, or a part of its path, is a file"
    case .exists(let path): "\(path): holds a run already"
    case .foreign(let path, let file): "\(path): not empty and not a run (it holds “\(file)”)"
    case .locked(let path, let process):
      "\(path): in use by \(process.map { "process \($0)" } ?? "another process")"
    case .readOnly(let path): "\(path): may not be opened or written here"
    case .full(let path): "\(path): the disk, quota or limit on files is full"
    case .damaged(let path, let problem): "\(path): damaged: \(problem)"
    case .newer(let path, let format):
      "\(path): written in format \(format) by a later version of progfed"
    case .system(let path, let operation, let code):
      "\(path): \(operation) failed: \(SystemCode.message(code))"
    }
  }

  /// The remedy.
  private var remedy: String {
    switch self {
    case .missing: "give the directory that --out named"
    case .absent: "check the path, and that nothing else removes files there"
    case .noFolder: "make it first, or name a file in one that is there"
    case .isFolder: "name a file"
    case .notFolder: "choose another path"
    case .exists: "go on with it by --resume instead of --out, or choose another --out"
    case .foreign: "choose a new or empty directory"
    case .locked: "wait for it or stop it; another run takes an --out of its own"
    case .readOnly: "check its owner, its permissions, its mount"
    case .full: "free some space and try again; a run that it stopped goes on with --resume"
    case .damaged: "put an undamaged copy there, or run it again with another --out"
    case .newer: "update progfed"
    case .system(_, _, let code): SystemCode.remedy(code)
    }
  }
}

/// The operating system's error codes, as ledger errors.
enum SystemCode {
  /// The system's text for a code.
  static func message(_ code: Int32) -> String {
    // SAFETY: strerror returns a terminated string, or nothing; it is copied at once.
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  /// The advice about a code.
  static func remedy(_ code: Int32) -> String {
    switch code {
    case EIO: "the disk fails: look into the system's log, and save what can be read"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    case ENAMETOOLONG: "choose a shorter path"
    case ELOOP: "symbolic links lead in a circle there: choose another path"
    case ENOMEM: "free some memory"
    case EBUSY, ETXTBSY, EAGAIN: "something else uses it: try again later"
    default: "check the path, or choose another one"
    }
  }

  /// The error of a system call that just failed at `path`.
  static func error(_ operation: String, _ path: String, code: Int32) -> LedgerError {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: .full(path: path)
    case EROFS, EACCES, EPERM: .readOnly(path: path)
    case ENOENT: .absent(path: path)
    case ENOTDIR: .notFolder(path: path)
    case EISDIR: .isFolder(path: path)
    default: .system(path: path, operation: operation, code: code)
    }
  }
}
