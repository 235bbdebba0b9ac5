import Foundation
import Ledger

/// A file of a ``SimulatedDisk`` that is open.
///
/// SAFETY of `@unchecked Sendable`: it belongs to one play, as its disk does.
final class OpenDiskFile: StoredFile, @unchecked Sendable {
  let path: String
  private let file: DiskFile
  private let disk: SimulatedDisk
  /// The life of the machine in which it was opened.
  private let life: Int
  private var position = 0

  init(_ file: DiskFile, at path: String, on disk: SimulatedDisk) {
    self.file = file
    self.path = path
    self.disk = disk
    life = disk.life
  }

  /// Refuses a process of an earlier life, which is dead.
  private func check() throws(LedgerError) {
    guard life == disk.life else {
      throw .system(path: path, operation: "anything after a restart", code: EBADF)
    }
  }

  func write(_ bytes: [UInt8]) throws(LedgerError) {
    try check()
    guard !bytes.isEmpty else { return }
    try disk.change(file, at: path, .bytes(bytes, at: position))
    position += bytes.count
  }

  func read(_ count: Int, at offset: Int) throws(LedgerError) -> [UInt8] {
    try check()
    return try disk.read(file, at: path, offset..<offset + count)
  }

  /// Reads `count` bytes from `offset`, or fewer at the file's end; none is flipped.
  func readExactly(_ count: Int, at offset: Int) throws(LedgerError) -> [UInt8] {
    try check()
    return try disk.readExactly(file, at: path, offset..<offset + count)
  }

  func size() throws(LedgerError) -> Int {
    try check()
    return file.bytes.count
  }

  func truncate(to size: Int) throws(LedgerError) {
    try check()
    if size != file.bytes.count { try disk.change(file, at: path, .truncation(size)) }
    position = size
  }

  func seek(to offset: Int) throws(LedgerError) {
    try check()
    position = offset
  }

  func sync() throws(LedgerError) {
    try check()
    try disk.sync(file, at: path)
  }

  func lock() throws(LedgerError) -> Bool {
    try check()
    guard file.holder == nil || file.holder === self else { return false }
    file.holder = self
    return true
  }

  func unlock() {
    if file.holder === self { file.holder = nil }
  }
}
