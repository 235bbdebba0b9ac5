/// Bytes that any number of messages carry without copying; freed when the last of them was sent or dropped.
///
/// libzmq's I/O threads read them at any time, which is why nobody can change them.
@safe package final class SharedBuffer: Sendable {
  /// The bytes.
  package let bytes: [UInt8]

  // SAFETY: points to the elements of `bytes`, a native array that is never changed, so its storage stays
  // where it is for as long as this object keeps it.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// Shares `bytes` without copying them.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    unsafe address = unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress)
    }
  }

  /// How many bytes there are.
  package var count: Int { bytes.count }
}
