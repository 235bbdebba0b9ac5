import Foundation

/// The operating system's error codes, as ledger errors.
enum SystemCode {
  /// The system's text for a code.
  static func message(_ code: Int32) -> String {
    // SAFETY: strerror returns a terminated string, or nothing; it is copied at once.
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  /// What people can do about a code.
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
