package agena.interop;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExtBatch;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;

/** Messages of the kinds that a broker hands to its store, the same ones at every run. */
final class MessageMaker {
    static final String[] TAGS = {"red", "green", "blue", null};
    private static final long FIRST_BORN_TIMESTAMP_MS = 1_700_000_000_000L;

    private final Random random = new Random(20);
    private final InetSocketAddress bornHost;
    private final InetSocketAddress storeHost;
    private int made;

    MessageMaker(String bornHost, int bornPort, String storeHost, int storePort) throws Exception {
        this.bornHost = new InetSocketAddress(InetAddress.getByName(bornHost), bornPort);
        this.storeHost = new InetSocketAddress(InetAddress.getByName(storeHost), storePort);
    }

    static MessageMaker ofIpv4() throws Exception {
        return new MessageMaker("192.0.2.17", 50123, "192.0.2.1", 10911);
    }

    MessageExtBrokerInner single(String topic, int queueId) {
        MessageExtBrokerInner message = new MessageExtBrokerInner();
        Message content = content(topic);
        message.setTopic(topic);
        message.setQueueId(queueId);
        message.setBody(content.getBody());
        message.setFlag(content.getFlag());
        content.getProperties().forEach((name, value) -> MessageAccess.put(message, name, value));
        if (made % 11 == 0) {
            compress(message);
        }
        if (made % 17 == 0) {
            message.setReconsumeTimes(3);
        }
        message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
        message.setTagsCode(MessageExtBrokerInner.tagsString2tagsCode(message.getTags()));
        stamp(message);
        return message;
    }

    MessageExtBatch batch(String topic, int queueId, int count) {
        List<Message> contents = new ArrayList<>();
        for (int at = 0; at < count; at++) {
            contents.add(content(topic));
        }
        MessageExtBatch batch = new MessageExtBatch();
        batch.setTopic(topic);
        batch.setQueueId(queueId);
        batch.setBody(MessageDecoder.encodeMessages(contents));
        stamp(batch);
        return batch;
    }

    private Message content(String topic) {
        int number = made++;
        Message message = new Message(topic, body(number));
        String tag = TAGS[number % TAGS.length];
        if (tag != null) {
            message.setTags(tag);
        }
        if (number % 3 == 0) {
            message.setKeys("order-" + number / 9);
        } else if (number % 3 == 1) {
            message.setKeys(List.of("customer-" + number % 7, "invoice-" + number));
        }
        if (number % 5 == 0) {
            message.putUserProperty("region", "Zürich " + number);
        }
        message.setFlag(number % 4);
        MessageAccess.put(message, MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX,
            String.format("7F0000010A%022X", number));
        MessageAccess.put(message, MessageConst.PROPERTY_WAIT_STORE_MSG_OK, "true");
        return message;
    }

    /** Mostly short, some of several kilobytes, one in fifty empty; little entropy, so that it packs well. */
    private byte[] body(int number) {
        if (number % 50 == 49) {
            return new byte[0];
        }
        int length = number % 10 == 0 ? 1500 + random.nextInt(2500) : 10 + random.nextInt(300);
        String word = "message " + number + ' ' + Long.toHexString(random.nextLong()) + ' ';
        return word.repeat(length / word.length() + 1).substring(0, length).getBytes(StandardCharsets.UTF_8);
    }

    private static void compress(MessageExtBrokerInner message) {
        java.util.zip.Deflater deflater = new java.util.zip.Deflater();
        deflater.setInput(message.getBody());
        deflater.finish();
        byte[] packed = new byte[message.getBody().length + 64];
        int length = deflater.deflate(packed);
        deflater.end();
        message.setBody(java.util.Arrays.copyOf(packed, length));
        message.setSysFlag(message.getSysFlag() | MessageSysFlag.COMPRESSED_FLAG);
    }

    private void stamp(MessageExtBrokerInner message) {
        message.setBornTimestamp(FIRST_BORN_TIMESTAMP_MS + made * 1000L);
        message.setBornHost(bornHost);
        message.setStoreHost(storeHost);
    }
}
