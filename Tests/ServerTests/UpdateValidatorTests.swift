import Bytes
import Federation
import Server
import Testing
import Wire

/// The reasons for which an update doesn't count.
struct UpdateValidatorTests {
  /// Has a new server judge client 1's update, after `change` has spoilt it.
  private func verdict(
    _ training: String = "", codecs: String = "{up: dense32}", more: String = "",
    value: Float = 0.01, _ change: (inout [UInt8], inout Offer) -> Void = { _, _ in }
  ) throws -> StoreResult {
    let bench = try ServerBench(training, codecs: codecs, more: more)
    let round = bench.server.round(1)
    var (bytes, submission) = try bench.update(value, round: 1, model: try round.announce().model)
    change(&bytes, &submission.offer)
    return try round.validate(bytes, of: 1, attempt: 0, submission)
  }

  /// The reason and the words of a refusal.
  private func refusal(_ result: StoreResult) -> (RefusalReason, String)? {
    guard case .refused(let reason, let detail) = result else { return nil }
    return (reason, detail)
  }

  @Test func `an update that is as it should be counts`() throws {
    #expect(try verdict() == .accepted)
    #expect(try verdict(", correction: scaffold") == .accepted)
    #expect(try verdict(codecs: "{up: linear8+zstd}") == .accepted)
  }

  @Test func `bytes that aren't those of the offer were damaged`() throws {
    let result = refusal(try verdict { bytes, _ in bytes[9] ^= 1 })
    #expect(try #require(result).0 == .wrongDigest)
  }

  @Test func `an update of no samples is malformed`() throws {
    let result = try #require(refusal(try verdict { $1.samples = 0 }))
    #expect(result.0 == .malformed && result.1.contains("no samples"))
  }

  @Test(arguments: [0, 3])
  func `steps that a client's samples aren't good for are malformed, where steps count`(
    steps: Int
  ) throws {
    let result = try #require(
      refusal(try verdict(", correction: scaffold") { $1.steps = steps }))
    #expect(result.0 == .malformed && result.1 == "\(steps) steps; its samples are good for 1 to 2")
    #expect(try verdict { $1.steps = steps } == .accepted)
  }

  @Test func `bytes of another form are malformed`() throws {
    let result = refusal(
      try verdict { bytes, offer in
        bytes.removeLast()
        offer.digest = Digest(of: bytes)
      })
    #expect(try #require(result).0 == .malformed)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a number that isn't finite is refused`(number: Float) throws {
    let result = refusal(
      try verdict { bytes, offer in
        for byte in 0..<4 {
          bytes[4 + byte] = UInt8(truncatingIfNeeded: number.bitPattern >> (8 * byte))
        }
        offer.digest = Digest(of: bytes)
      })
    #expect(try #require(result).0 == .notFinite)
  }

  @Test func `an update beyond the limit of norms is too far`() throws {
    let limited = refusal(try verdict(more: "limits: {updateNorm: 0.5}", value: 1))
    #expect(try #require(limited).0 == .tooFar)
    #expect(try #require(limited).1.contains("limits.updateNorm"))
    let far = refusal(try verdict(value: 1e6))
    #expect(try #require(far).0 == .tooFar)
    #expect(try #require(far).1.contains("limits.normMultiple"))
    #expect(try verdict(more: "limits: {normMultiple: none}", value: 1e6) == .accepted)
  }
}
