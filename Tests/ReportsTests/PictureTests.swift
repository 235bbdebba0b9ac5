import CZlib
import Reports
import Testing

@Suite struct `A picture` {
  @Test func `is a PNG that unpacks to its pixels`() throws {
    var picture = Picture(width: 3, height: 2)
    picture[row: 1, column: 2] = Picture.Colour(1, 2, 3)
    let bytes = picture.png
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    var (rest, chunks) = (bytes.dropFirst(8), [(kind: String, contents: [UInt8])]())
    while !rest.isEmpty {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let checked = Array(rest.dropFirst(4).prefix(4 + length))
      let sum = rest.dropFirst(8 + length).prefix(4).reduce(0) { $0 << 8 | UInt($1) }
      #expect(sum == checked.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) })
      chunks.append(
        (String(decoding: checked.prefix(4), as: UTF8.self), Array(checked.dropFirst(4))))
      rest = rest.dropFirst(12 + length)
    }
    #expect(chunks.map(\.kind) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].contents == [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0])
    var (pixels, length) = ([UInt8](repeating: 7, count: 100), UInt(100))
    #expect(
      uncompress(&pixels, &length, chunks[1].contents, UInt(chunks[1].contents.count)) == Z_OK)
    let white: [UInt8] = [255, 255, 255]
    #expect(
      Array(pixels.prefix(Int(length))) == [0] + white + white + white + [0] + white + white
        + [1, 2, 3])
  }

  @Test func `of masks shows image, truth and guess, and a colour only where a class is`() {
    var picture = MaskPicture(
      columns: 2,
      samples: [
        .init(image: [0, 0.5, 1, .nan], truth: [0, 1, 2, 0], guess: [0, 0, 2, 7]),
        .init(image: [1, 1, 1, 1], truth: [0, 0, 0, 0], guess: [0, 0, 0, 0]),
      ])
    picture.scale = 1
    let drawn = picture.drawn()
    #expect((drawn.width, drawn.height) == (3 * 2 + 8, 2 * 2 + 4))
    let columns = [0, 6, 12]
    #expect(columns.map { drawn[row: 0, column: $0] } == Array(repeating: .init(0, 0, 0), count: 3))
    let grey = Picture.Colour(128, 128, 128)
    #expect(drawn[row: 0, column: 1] == grey)
    #expect(drawn[row: 0, column: 7] == grey.covered(by: .init(230, 159, 0), 0.7))
    #expect(drawn[row: 0, column: 13] == grey)
    #expect(drawn[row: 1, column: 6] == drawn[row: 1, column: 12])
    #expect(drawn[row: 1, column: 6] != drawn[row: 1, column: 0])
    // Class 7 has class 1's colour, as there are six; what isn't a number is black.
    #expect(
      drawn[row: 1, column: 13] == Picture.Colour(0, 0, 0).covered(by: .init(230, 159, 0), 0.7))
    #expect(drawn[row: 2, column: 0] == .white)
  }
}
