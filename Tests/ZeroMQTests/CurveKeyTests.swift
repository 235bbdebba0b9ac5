import Measures
import Testing
import ZeroMQ

struct CurveKeyTests {
  @Test(arguments: 0..<50)
  func `every 32 bytes have a text and come back from it`(seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let key = try #require(CurveKey(bytes: bytes))
    #expect(key.z85.utf8.count == 40)
    #expect(CurveKey(z85: key.z85) == key)
  }

  @Test(arguments: [
    "", "abc", String(repeating: "0", count: 39), String(repeating: "0", count: 41),
    String(repeating: "0", count: 39) + " ", String(repeating: "0", count: 39) + "\"",
    String(repeating: "0", count: 38) + "é", String(repeating: "#", count: 40),
  ])
  func `a text that is no key is refused`(text: String) {
    #expect(CurveKey(z85: text) == nil)
  }

  @Test(arguments: [0, 31, 33, 40])
  func `a key has 32 bytes`(count: Int) {
    #expect(CurveKey(bytes: [UInt8](repeating: 0, count: count)) == nil)
  }

  /// The example keys of zmq_curve(7).
  @Test(arguments: [
    ("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"),
    ("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"),
  ])
  func `a secret key has its public key`(publicText: String, secretText: String) throws {
    let pair = try CurveKeyPair(secretKey: try #require(CurveKey(z85: secretText)))
    #expect(pair.publicKey.z85 == publicText)
  }

  @Test
  func `generated pairs differ and fit`() throws {
    let pair = try CurveKeyPair.generate()
    let other = try CurveKeyPair.generate()
    #expect(pair != other)
    #expect(try CurveKeyPair(secretKey: pair.secretKey) == pair)
  }

  @Test
  func `no description, dump or interpolation shows a secret key`() throws {
    let pair = try CurveKeyPair.generate()
    var dumped = ""
    dump(pair, to: &dumped)
    dump(Security.curveServer(secretKey: pair.secretKey, domain: "d"), to: &dumped)
    let shown = dumped + "\(pair) \(pair.secretKey) \(String(reflecting: pair.secretKey))"
    #expect(!shown.contains(pair.secretKey.z85))
    #expect(!shown.contains("\(pair.secretKey.bytes[0..<4].map(Int.init))".dropLast().dropFirst()))
  }
}
