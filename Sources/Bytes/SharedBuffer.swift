/// Bytes that any number of messages carry without a copy, freed when the last of them was sent or
/// dropped.
///
/// libzmq's I/O threads read them at any time, which is why nobody can change them. A broker makes
/// one buffer of a model and sends each of its chunks from there to all who subscribe to it:
///
/// ```swift
/// let model = SharedBuffer(patch)
/// for start in stride(from: 0, to: model.count, by: chunkBytes) {
///   let chunk = start..<min(start + chunkBytes, model.count)
///   try socket.send(Frame(topic), Frame(envelope), Frame(model, range: chunk))
/// }
/// ```
@safe package final class SharedBuffer: Sendable {
  /// The bytes.
  package let bytes: [UInt8]

  // SAFETY: points to the elements of `bytes`, a native array that is never changed, so its storage
  // stays where it is for as long as this object keeps it.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer?

  /// Shares `bytes` without copying them.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    unsafe address = unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress)
    }
  }

  /// The number of bytes.
  package var count: Int { bytes.count }
}
