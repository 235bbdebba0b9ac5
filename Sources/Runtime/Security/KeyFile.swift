import Foundation
import Glibc
import Ledger
package import ZeroMQ

/// Files that each hold one key of CURVE: `NAME.secret`, which its owner alone may read, and
/// `NAME.public`.
///
/// The file's last line is `curve-secret` or `curve-public` and the key's 40 letters of Z85; lines
/// that begin with `#` are for people.
package enum KeyFile {
  /// Writes a pair as two new files, in a directory that is made for its owner alone if it isn't
  /// there.
  ///
  /// - Parameters:
  ///   - pair: The keys.
  ///   - name: The files' name, without extension.
  ///   - owner: The owner of the keys, as a comment in the files.
  ///   - directory: The folder for the files.
  /// - Returns: The two files.
  /// - Throws: `exists` where one of them is there; nothing is changed then.
  package static func write(
    _ pair: CurveKeyPair, name: String, of owner: String, in directory: String
  ) throws(KeyFileError) -> (secret: String, public: String) {
    try makeDirectory(directory)
    let base = URL(fileURLWithPath: directory).appending(path: name).path(percentEncoded: false)
    let (secret, open) = ("\(base).secret", "\(base).public")
    for path in [secret, open] where FileManager.default.fileExists(atPath: path) {
      throw .exists(path: path)
    }
    let warning = "# Secret key of \(owner). Whoever reads it can pass for its owner."
    try create(secret, mode: 0o600, "\(warning)\ncurve-secret \(pair.secretKey.z85)\n")
    try create(
      open, mode: 0o644, "# Public key of \(owner).\ncurve-public \(pair.publicKey.z85)\n")
    return (secret, open)
  }

  /// Reads a secret key and computes its public half.
  ///
  /// - Throws: `exposed` where others than the owner may read or change the file.
  package static func pair(at path: String) throws(KeyFileError) -> CurveKeyPair {
    let secret = try key(.secret, at: path)
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    if let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 {
      throw .exposed(path: path, mode: mode)
    }
    guard let pair = try? CurveKeyPair(secretKey: secret) else { throw .malformed(path: path) }
    return pair
  }

  /// Reads a public key.
  package static func publicKey(at path: String) throws(KeyFileError) -> CurveKey {
    try key(.public, at: path)
  }

  /// Makes a new file with this mode; an existing one is left as it is.
  package static func create(
    _ path: String, mode: Int, _ text: String
  ) throws(KeyFileError) {
    // SAFETY: the path is only read during the call.
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else {
      if errno == EEXIST { throw .exists(path: path) }
      throw .unwritable(path: path, reason: reason(errno))
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    fchmod(descriptor, mode_t(mode))  // whatever the umask took away
    do {
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      try SystemStorage().syncDirectory(folder.path(percentEncoded: false))
    } catch {
      // What is there of it would be taken for a key.
      // SAFETY: the path is only read during the call.
      _ = unsafe unlink(path)
      throw .unwritable(path: path, reason: reason(of: error))
    }
  }

  private static func makeDirectory(_ path: String) throws(KeyFileError) {
    var isDirectory: ObjCBool = false
    // SAFETY: the flag outlives the call.
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
      guard isDirectory.boolValue else { throw .unwritable(path: path, reason: "it is a file") }
      return
    }
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .unwritable(path: path, reason: reason(of: error))
    }
  }

  /// The bytes of a small file, at most `limit` of them.
  static func contents(of path: String, limit: Int) throws(KeyFileError) -> Data {
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      return try file.read(upToCount: limit) ?? Data()
    } catch {
      throw .unreadable(path: path, reason: reason(of: error))
    }
  }

  private static func key(
    _ kind: KeyFileError.Kind, at path: String
  ) throws(KeyFileError) -> CurveKey {
    let data = try contents(of: path, limit: 4096)
    let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { !$0.hasPrefix("#") }
    guard lines.count == 1 else { throw .malformed(path: path) }
    let words = lines[0].split { $0 == " " || $0 == "\t" }
    guard words.count == 2, let key = CurveKey(z85: String(words[1])) else {
      throw .malformed(path: path)
    }
    switch words[0] {
    case "curve-\(kind.rawValue)": return key
    case "curve-secret", "curve-public": throw .otherKind(path: path, wanted: kind)
    default: throw .malformed(path: path)
    }
  }

  /// The system's own words beneath an error of Foundation's.
  static func reason(of error: any Error) -> String { reason(DurableFile.code(of: error)) }

  private static func reason(_ code: CInt) -> String {
    // SAFETY: strerror gives a text that ends in zero.
    unsafe String(cString: strerror(code))
  }
}
