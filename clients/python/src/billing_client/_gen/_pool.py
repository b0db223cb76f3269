"""A pool of descriptors of this package's own.

A program may have generated the same contract itself, in another version: one pool cannot hold both.
"""

from google.protobuf import descriptor_pool, duration_pb2, message_factory, timestamp_pb2

POOL = descriptor_pool.DescriptorPool()
for _known in (duration_pb2, timestamp_pb2):
    POOL.AddSerializedFile(_known.DESCRIPTOR.serialized_pb)
    for _name in _known.DESCRIPTOR.message_types_by_name:
        message_factory.GetMessageClass(POOL.FindMessageTypeByName("google.protobuf." + _name))
