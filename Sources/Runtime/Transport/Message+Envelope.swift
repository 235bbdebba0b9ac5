import Federation
package import Wire
package import ZeroMQ

extension ZeroMQ.Message {
  /// The message that the broker published; nil where it can't be read.
  package var downlink: Wire.Message<Downlink>? {
    guard (2...3).contains(frameCount) else { return nil }
    // SAFETY: the frames' bytes are read only within the closure.
    return unsafe withFrames(from: 1) { unsafe try? Envelope.downlink($0, payload: $1) }
  }

  /// The message that a client pushed.
  ///
  /// - Throws: `WireError` for frames that aren't one.
  func uplink() throws(WireError) -> Wire.Message<Uplink> {
    guard (1...2).contains(frameCount) else { throw .frameCount(frameCount) }
    // SAFETY: the frames' bytes are read only within the closure.
    return unsafe try withFrames(from: 0) { envelope, payload throws(WireError) in
      unsafe try Envelope.uplink(envelope, payload: payload)
    }
  }

  /// The sender of a message that `error` keeps from being read; nil where that isn't known.
  func fault(_ error: WireError) -> UplinkFault? {
    guard (1...2).contains(frameCount) else { return nil }
    // SAFETY: the frames' bytes are read only within the closure.
    return unsafe withFrames(from: 0) { unsafe Envelope.fault(of: $0, payload: $1, error) }
  }

  /// Calls `body` with the bytes of an envelope and of the payload after it, none where there is no
  /// such frame.
  private func withFrames<Result, Failure: Error>(
    from first: Int,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe try withUnsafeBytes(of: first) { envelope throws(Failure) in
      guard frameCount > first + 1 else {
        return unsafe try body(envelope, .init(start: nil, count: 0))
      }
      return unsafe try withUnsafeBytes(of: first + 1) { payload throws(Failure) in
        unsafe try body(envelope, payload)
      }
    }
  }
}

/// An update whose chunks come out of received messages.
typealias ReceivedUpdate = UpdateBuffer<ReceivedChunk>

/// The payload of a message that carries a chunk, its bytes still where libzmq put them.
struct ReceivedChunk: ChunkBytes {
  private let message: ZeroMQ.Message

  /// The payload of `message`; nil where it has none.
  init?(_ message: ZeroMQ.Message) {
    guard message.frameCount == 2 else { return nil }
    self.message = message
  }

  var count: Int { message.count(of: 1) }

  func copy(to place: UnsafeMutableRawBufferPointer) {
    // SAFETY: the place has just the payload's size.
    unsafe message.withUnsafeBytes(of: 1) { unsafe place.copyMemory(from: $0) }
  }
}
