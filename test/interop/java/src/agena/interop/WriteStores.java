package agena.interop;

import java.io.File;
import org.apache.rocketmq.common.message.MessageExtBatch;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.queue.ConsumeQueueInterface;

/**
 * Fills one store folder a case. Arguments: pairs of a case and its folder.
 * The case `killed` never ends by itself: it reports each acknowledged message on standard output.
 */
public final class WriteStores {
    private WriteStores() {
    }

    public static void main(String[] args) {
        Program.runAndExit(() -> writeAll(args));
    }

    private static void writeAll(String[] args) throws Exception {
        for (int at = 0; at + 1 < args.length; at += 2) {
            File root = new File(args[at + 1]);
            DefaultMessageStore store = Stores.open(Stores.smallConfig(root));
            fill(args[at], store);
            Stores.awaitDispatched(store);
            store.shutdown();
        }
    }

    private static void fill(String name, DefaultMessageStore store) throws Exception {
        switch (name) {
            case "plain":
                plain(store, MessageMaker.ofIpv4(), 320);
                break;
            case "batch":
                batch(store);
                break;
            case "v2-long-topic":
                longTopics(store);
                break;
            case "ipv6":
                ipv6(store);
                break;
            case "deleted-head":
                deletedHead(store);
                break;
            case "killed":
                untilKilled(store);
                break;
            case "reopened":
                break;
            default:
                throw new IllegalArgumentException("no such case: " + name);
        }
    }

    private static void plain(DefaultMessageStore store, MessageMaker maker, int count) throws Exception {
        for (int at = 0; at < count; at++) {
            put(store, maker.single(at % 4 == 3 ? "Payment" : "Order", at % 3));
            pause(at);
        }
    }

    private static void batch(DefaultMessageStore store) throws Exception {
        MessageMaker maker = MessageMaker.ofIpv4();
        for (int at = 0; at < 30; at++) {
            put(store, maker.batch("Batch", at % 2, 1 + at % 12));
            if (at % 5 == 0) {
                put(store, maker.single("Batch", at % 2));
            }
            pause(at);
        }
    }

    private static void longTopics(DefaultMessageStore store) throws Exception {
        MessageMaker maker = MessageMaker.ofIpv4();
        String longest = "%RETRY%" + "g".repeat(200);
        for (int at = 0; at < 60; at++) {
            put(store, maker.single(at % 2 == 0 ? longest : "t".repeat(127), 0));
            if (at % 10 == 9) {
                put(store, maker.batch("b".repeat(128), 1, 3));
            }
            pause(at);
        }
    }

    private static void ipv6(DefaultMessageStore store) throws Exception {
        MessageMaker both = new MessageMaker("2001:db8::17", 50123, "2001:db8::1", 10911);
        MessageMaker born = new MessageMaker("2001:db8::17", 50123, "192.0.2.1", 10911);
        MessageMaker stored = new MessageMaker("192.0.2.17", 50123, "2001:db8::1", 10911);
        for (int at = 0; at < 45; at++) {
            MessageMaker maker = at % 3 == 0 ? both : at % 3 == 1 ? born : stored;
            put(store, maker.single("Wide", 0));
            if (at % 15 == 14) {
                MessageExtBatch batch = both.batch("WideBatch", 0, 4);
                put(store, batch);
            }
            pause(at);
        }
    }

    /** What Java's cleaning leaves: the first two segments gone, queues and index cut to match. */
    private static void deletedHead(DefaultMessageStore store) throws Exception {
        plain(store, MessageMaker.ofIpv4(), 430);
        Stores.awaitDispatched(store);
        int deleted = store.getCommitLog().deleteExpiredFile(0, 0, 0, true, 2);
        if (deleted != 2) {
            throw new IllegalStateException("deleted " + deleted + " segments instead of 2");
        }
        long minOffset = store.getMinPhyOffset();
        store.getConsumeQueueTable().values().forEach(byId -> {
            for (ConsumeQueueInterface queue : byId.values()) {
                queue.deleteExpiredFile(minOffset);
            }
        });
        store.getIndexService().deleteExpiredFile(minOffset);
    }

    private static void untilKilled(DefaultMessageStore store) throws Exception {
        MessageMaker maker = MessageMaker.ofIpv4();
        for (int at = 0; at < 100_000; at++) {
            PutMessageResult result = put(store, maker.single(at % 4 == 3 ? "Payment" : "Order", at % 3));
            System.out.println("acked " + result.getAppendMessageResult().getWroteOffset());
            Thread.sleep(2);
        }
    }

    private static PutMessageResult put(DefaultMessageStore store, MessageExtBrokerInner message) {
        PutMessageResult result = message instanceof MessageExtBatch
            ? store.putMessages((MessageExtBatch) message) : store.putMessage(message);
        if (!result.isOk()) {
            throw new IllegalStateException("put answered " + result.getPutMessageStatus());
        }
        return result;
    }

    /** Keeps store timestamps apart, so that look-ups by time have something to find. */
    private static void pause(int at) throws InterruptedException {
        if (at % 8 == 0) {
            Thread.sleep(3);
        }
    }
}
