package import Bytes
import CZeroMQ

/// One part of a message to be sent.
package struct Frame: Sendable {
  enum Storage: Sendable {
    case copied([UInt8])
    case shared(SharedBuffer, Range<Int>)
  }

  /// The bytes from which on a frame travels without being copied.
  static var sharingThreshold: Int { 1024 }

  let storage: Storage

  /// A frame of `bytes`.
  package init(_ bytes: [UInt8]) {
    storage =
      bytes.count < Self.sharingThreshold
      ? .copied(bytes) : .shared(SharedBuffer(bytes), 0..<bytes.count)
  }

  /// A frame of the UTF-8 of `text`.
  package init(_ text: String) { self.init(Array(text.utf8)) }

  /// A frame of a whole shared buffer, which isn't copied.
  package init(_ buffer: SharedBuffer) { self.init(buffer, range: 0..<buffer.count) }

  /// A frame of a part of a shared buffer, which isn't copied.
  package init(_ buffer: SharedBuffer, range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= buffer.count,
      "\(range) isn't within the buffer's \(buffer.count) bytes")
    storage = .shared(buffer, range)
  }

  /// A frame without bytes.
  package static let empty = Frame([])

  /// The number of bytes.
  package var count: Int {
    switch storage {
    case .copied(let bytes): bytes.count
    case .shared(_, let range): range.count
    }
  }
}

extension Frame: ExpressibleByStringLiteral {
  /// A frame of the literal's UTF-8.
  package init(stringLiteral value: String) { self.init(value) }
}

extension Frame {
  /// Makes `message`, which must not be in use, carry the frame.
  func initialize(_ message: UnsafeMutablePointer<zmq_msg_t>) throws(ZMQError) {
    switch storage {
    case .copied(let bytes):
      try check("allocate a frame of \(bytes.count) bytes") {
        zmq_msg_init_size(message, bytes.count)
      }
      guard !bytes.isEmpty, let target = zmq_msg_data(message) else { return }
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: target, count: bytes.count).copyMemory(from: source)
      }
    case .shared(let buffer, let range):
      guard !range.isEmpty, let address = buffer.address else {
        zmq_msg_init(message)
        return
      }
      // The message owns one reference to the buffer and gives it back on whichever thread frees
      // it.
      let owner = Unmanaged.passRetained(buffer)
      let result = zmq_msg_init_data(
        message, address + range.lowerBound, range.count,
        { _, hint in
          guard let hint else { return }
          Unmanaged<SharedBuffer>.fromOpaque(hint).release()
        }, owner.toOpaque())
      guard result == 0 else {
        let code = zmq_errno()
        owner.release()
        throw ZMQError(.init(rawValue: code), attempt: "share a frame of \(range.count) bytes")
      }
    }
  }
}
