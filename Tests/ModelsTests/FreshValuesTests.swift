import Measures
import Models
import Tensors
import Testing

struct FreshValuesTests {
  @Test func `eight bytes tell all values of a segment`() throws {
    let architecture = try Zoo.architecture(
      named: "convnet", input: Shape([1, 28, 28]), classes: 10)
    for layout in architecture.layouts(stage: 3) {
      let fresh = FreshValues(random: RandomStream(seed: 5).stream(layout.name))
      #expect(fresh.bytes.count == 8)
      let told = try #require(FreshValues(fresh.bytes))
      #expect(told.values(of: layout) == fresh.values(of: layout))
      let other = FreshValues(random: RandomStream(seed: 6).stream(layout.name))
      #expect(other.values(of: layout) != fresh.values(of: layout))
    }
  }

  @Test func `the lowest byte goes first`() {
    #expect(
      FreshValues(random: RandomStream(key: 0x0102_0304_0506_0708)).bytes
        == [8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test(arguments: [0, 7, 9, 1000])
  func `other numbers of bytes tell nothing`(count: Int) {
    #expect(FreshValues([UInt8](repeating: 1, count: count)) == nil)
  }

  /// The specification's arithmetic (Protocol.md, “initial”), apart from the product's own.
  @Test func `values are those that the protocol says`() throws {
    let layout = ParameterLayout(
      name: "block1",
      parameters: [
        Parameter("0.weight", Shape([2, 3, 1, 1]), role: .weight),
        Parameter("0.bias", Shape([2]), role: .bias),
      ])
    func mix(_ input: UInt64) -> UInt64 {
      var z = input
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
    func drawn(_ seed: UInt64, _ name: String, _ count: Int) -> [Float] {
      var h = seed ^ 0xD6E8_FEB8_6659_FD93
      for byte in name.utf8 { h = mix(h &+ UInt64(byte) &+ 0x9E37_79B9_7F4A_7C15) }
      h = mix(h ^ UInt64(name.utf8.count))
      return (0..<count).map { n in
        let u = Double(mix(h &+ UInt64(n + 1) &* 0x9E37_79B9_7F4A_7C15) >> 11) / 0x1p53
        return Float((2 * u - 1) / 3.0.squareRoot())
      }
    }
    let values = FreshValues(random: RandomStream(key: 77)).values(of: layout)
    let expected = drawn(77, "0.weight", 6) + drawn(77, "0.bias", 2)
    for (value, other) in zip(values.scalars, expected) {
      #expect(abs(value - other) <= other.ulp)
    }
  }
}
