import Foundation

/// The operating system's error codes, as ledger errors.
enum SystemCode {
  /// The system's text for a code.
  static func message(_ code: Int32) -> String {
    // SAFETY: strerror returns a terminated string, or nothing; it is copied at once.
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  /// The error of a system call that just failed at `path`.
  static func error(_ operation: String, _ path: String, code: Int32) -> LedgerError {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: .full(path: path)
    case EROFS, EACCES, EPERM: .readOnly(path: path)
    case ENOENT, ENOTDIR: .missing(path: path)
    default: .system(path: path, operation: operation, code: code)
    }
  }
}
