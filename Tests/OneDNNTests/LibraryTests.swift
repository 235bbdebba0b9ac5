import OneDNN
import Testing

@Suite struct `oneDNN` {
  @Test func `is of the version that this package is written for`() {
    #expect(Library.version == "2.6.3")
  }

  @Test func `reports what it can't do as an error that says what was tried`() throws {
    let engine = try Engine()
    let error = #expect(throws: DNNLError.self) {
      // Weights for 4 channels, an input with 3.
      _ = try Convolution(strides: [1, 1], padding: [0, 0]).forward(
        source: .any([1, 3, 8, 8]), weights: .any([8, 4, 3, 3]), bias: nil,
        destination: .any([1, 8, 6, 6]), relu: false, training: true, on: engine)
    }
    #expect(error?.description.contains("describing a convolution") == true)
    #expect(error?.description.contains("invalid") == true)
  }
}
