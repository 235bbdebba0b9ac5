import OneDNN
import Testing

@Suite struct `A layout` {
  @Test(arguments: [8, 16], [1, 5, 8, 16, 20])
  func `in blocks of channels is recognized`(lanes: Int, channels: Int) throws {
    let descriptor = try MemoryDescriptor.blocked([2, channels, 3, 5], lanes: lanes)
    let blocking = try #require(descriptor.channelBlocking)
    #expect(blocking.lanes == lanes)
    #expect(blocking.channelBlocks == (channels + lanes - 1) / lanes)
    #expect(blocking.spatial == 15)
    #expect(descriptor.byteCount == 4 * 2 * blocking.channelBlocks * lanes * 15)
  }

  @Test func `in row-major order has one lane`() throws {
    let descriptor = try MemoryDescriptor.plain([2, 7, 3, 5])
    let blocking = try #require(descriptor.channelBlocking)
    #expect(blocking == (7, 15, 1))
    #expect(descriptor.dimensions == [2, 7, 3, 5])
  }

  @Test(arguments: [1, 3, 8, 11], [8, 16])
  func `is changed and changed back without loss, its padding zero`(
    channels: Int, lanes: Int
  ) throws {
    let engine = try Engine()
    let stream = try Stream(on: engine)
    let plain = try MemoryDescriptor.plain([2, channels, 3, 5])
    let blocked = try MemoryDescriptor.blocked([2, channels, 3, 5], lanes: lanes)
    let count = 2 * channels * 15
    let storages = [plain, blocked, plain].map { Storage(byteCount: $0.byteCount) }
    let scalars = (0..<count).map { Float($0 + 1) }
    storages[0].region.write(scalars, count: count)
    let memories = [
      try Memory(plain, in: storages[0].region, on: engine),
      try Memory(blocked, in: storages[1].region, on: engine),
      try Memory(plain, in: storages[2].region, on: engine),
    ]
    for (from, to) in [(0, 1), (1, 2)] {
      let descriptor = try Reorder.descriptor(
        from: memories[from].descriptor, to: memories[to].descriptor, on: engine)
      try Primitive(descriptor, [(.source, memories[from]), (.destination, memories[to])])
        .run(on: stream)
    }
    #expect(storages[2].region.read(count: count) == scalars)
    let stored = storages[1].region.read(count: blocked.byteCount / 4)
    #expect(stored.reduce(0, +) == scalars.reduce(0, +))
    #expect(stored.count { $0 == 0 } == stored.count - count)
  }
}
