import Bytes
import Wire

/// Seals and opens envelopes over arrays.
enum Frames {
  static func seal(_ message: Message<Uplink>, _ payload: [UInt8] = []) -> [UInt8] {
    payload.withUnsafeBytes { Envelope.frame(message, payload: $0) }
  }

  static func seal(_ message: Message<Downlink>, _ payload: [UInt8] = []) -> [UInt8] {
    payload.withUnsafeBytes { Envelope.frame(message, payload: $0) }
  }

  static func uplink(
    _ frame: [UInt8], _ payload: [UInt8] = []
  ) throws(WireError) -> Message<Uplink> {
    let result = frame.withUnsafeBytes { frame in
      payload.withUnsafeBytes { payload in
        Result { () throws(WireError) in try Envelope.uplink(frame, payload: payload) }
      }
    }
    return try result.get()
  }

  /// The fault that a broker finds in a frame; nil if it doesn't know whose it is.
  static func fault(_ frame: [UInt8], _ payload: [UInt8] = []) -> UplinkFault? {
    frame.withUnsafeBytes { frame in
      payload.withUnsafeBytes { payload in
        do throws(WireError) {
          _ = try Envelope.uplink(frame, payload: payload)
          return nil
        } catch {
          return Envelope.fault(of: frame, payload: payload, error)
        }
      }
    }
  }

  static func downlink(
    _ frame: [UInt8], _ payload: [UInt8] = []
  ) throws(WireError) -> Message<Downlink> {
    let result = frame.withUnsafeBytes { frame in
      payload.withUnsafeBytes { payload in
        Result { () throws(WireError) in try Envelope.downlink(frame, payload: payload) }
      }
    }
    return try result.get()
  }

  /// A frame with a right preamble and checksum around any body: what a hostile peer can make.
  static func forge(_ body: [UInt8], _ payload: [UInt8] = []) -> [UInt8] {
    let checksum = CRC32C.checksum(body + payload)
    return [0x50, 0x46, 1, 0] + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
      + body
  }
}
