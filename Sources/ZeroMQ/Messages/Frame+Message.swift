import Bytes
import CZeroMQ

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
      // The message owns one reference to the buffer and gives it back on whichever thread frees it.
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
