import ZeroMQ

/// The reason why a file of keys can't be used; never shows what is in it.
package enum KeyFileError: Error, Hashable, CustomStringConvertible {
  /// The half of a pair that a file holds.
  package enum Kind: String, Sendable {
    /// The half that its owner alone knows.
    case secret
    /// The half that others may know.
    case `public`
  }

  /// There is no such file.
  case missing(path: String)
  /// There is one already.
  case exists(path: String)
  /// The system doesn't let it be read.
  case unreadable(path: String, reason: String)
  /// The system doesn't let it be written.
  case unwritable(path: String, reason: String)
  /// Others than its owner may read or change it.
  case exposed(path: String, mode: Int)
  /// It isn't a file of keys.
  case malformed(path: String)
  /// It holds the other half of a pair.
  case otherKind(path: String, wanted: Kind)

  /// The fault and its cure, in words.
  package var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such file; see progfed keys broker and progfed keys worker"
    case .exists(let path):
      "\(path): there is a key already, which peers may rely on; choose another name or directory"
    case .unreadable(let path, let reason):
      "\(path): can't be read (\(reason)); name a file that this user may read"
    case .unwritable(let path, let reason):
      "\(path): can't be written (\(reason)); choose a place that this user may write to"
    case .exposed(let path, let mode):
      """
      \(path): a secret key that others may read (mode \(String(mode, radix: 8))); make it yours alone with \
      chmod 600, and make a new pair if others had access
      """
    case .malformed(let path):
      "\(path): not a key file as progfed keys makes them; copy it again, or make a new pair"
    case .otherKind(let path, .secret):
      "\(path): holds a public key; the .secret file is wanted here"
    case .otherKind(let path, .public):
      "\(path): holds a secret key; the .public file is wanted here"
    }
  }
}
