import Foundation

extension Cursor {
  /// The name of a run whose `file` gives none: the file's name without its folder and ending.
  static func name(of file: String, or other: String) -> String {
    var stem = (file.split(separator: "/").last ?? "").prefix { $0 != "." }
    while stem.utf8.count > longestName { stem.removeLast() }
    return stem.allSatisfy(\.isWhitespace) ? other : String(stem)
  }

  /// The most bytes of a file that a topology names and that is read whole.
  private static let fileLimit = 256 << 20

  /// The text of the file that is named here; relative paths start at the folder of `file`.
  func contents(beside file: String) -> String? {
    guard let name = text() else { return nil }
    let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
    let path = name.hasPrefix("/") ? name : folder + name
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? handle.close() }
      let bytes = try handle.read(upToCount: Self.fileLimit + 1) ?? Data()
      guard bytes.count <= Self.fileLimit else {
        report("is a file of more than \(Self.fileLimit >> 20) MiB", remedy: "shorten it")
        return nil
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        report("isn't a file of text in UTF-8", remedy: "name another file")
        return nil
      }
      return text
    } catch {
      report("is a file that can't be read: \(Self.shown(path))", remedy: "check the path")
      return nil
    }
  }
}
