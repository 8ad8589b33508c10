package agena.interop;

import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.MQVersion;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.namesrv.NamesrvConfig;
import org.apache.rocketmq.namesrv.NamesrvController;
import org.apache.rocketmq.remoting.netty.NettyClientConfig;
import org.apache.rocketmq.remoting.netty.NettyServerConfig;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/**
 * Lets a whole broker fill a store folder: delayed messages (some delivered, some still waiting),
 * consumption that was retried, a transaction, consumer progress, and the broker's `config` files.
 * The only argument is the folder.
 */
public final class WriteBrokerStore {
    private static final int ORDINARY = 60;
    /** One second, one minute and two hours. */
    private static final int[] DELAY_LEVELS = {1, 5, 18};
    private static final int DELAYED_EACH = 4;
    private static final long WAIT_SECONDS = 60;

    private final String nameServer;

    private WriteBrokerStore(String nameServer) {
        this.nameServer = nameServer;
    }

    public static void main(String[] args) {
        // Without it every request bears version 0, and the name server reads bodies of long ago.
        System.setProperty(RemotingCommand.REMOTING_VERSION_KEY, String.valueOf(MQVersion.CURRENT_VERSION));
        Program.runAndExit(() -> {
            NettyServerConfig nameServerNetty = loopback(freePort());
            NamesrvController names = new NamesrvController(new NamesrvConfig(), nameServerNetty);
            names.initialize();
            names.start();
            String nameServer = "127.0.0.1:" + nameServerNetty.getListenPort();
            BrokerController broker = startBroker(new File(args[0]), nameServer);
            new WriteBrokerStore(nameServer).fill();
            broker.shutdown();
            names.shutdown();
        });
    }

    private static BrokerController startBroker(File root, String nameServer) throws Exception {
        BrokerConfig config = new BrokerConfig();
        config.setNamesrvAddr(nameServer);
        config.setBrokerClusterName("FixtureCluster");
        config.setBrokerName("fixture-a");
        config.setBrokerIP1("127.0.0.1");
        config.setBrokerIP2("127.0.0.1");
        MessageStoreConfig store = Stores.smallConfig(root);
        store.setHaListenPort(freePort());
        BrokerController broker = new BrokerController(
            config, loopback(freePort()), new NettyClientConfig(), store);
        if (!broker.initialize()) {
            throw new IllegalStateException("the broker refused " + root);
        }
        broker.start();
        PeerHost.awaitRegistered(broker);
        return broker;
    }

    private void fill() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("P-fixture");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        for (int at = 0; at < ORDINARY; at++) {
            producer.send(message("Order", "order " + at, at));
        }
        for (int level : DELAY_LEVELS) {
            for (int at = 0; at < DELAYED_EACH; at++) {
                Message message = message("Reminder", "level " + level + " number " + at, at);
                message.setDelayTimeLevel(level);
                producer.send(message);
            }
        }
        List<Message> batch = new ArrayList<>();
        for (int at = 0; at < 10; at++) {
            batch.add(message("Order", "batched " + at, at));
        }
        producer.send(batch);
        producer.shutdown();
        sendTransactions();
        consumeWithRetry();
    }

    private static Message message(String topic, String body, int number) {
        Message message = new Message(topic, number % 2 == 0 ? "even" : "odd", "key-" + number,
            body.getBytes(StandardCharsets.UTF_8));
        message.putUserProperty("number", String.valueOf(number));
        return message;
    }

    /** One is committed, one rolled back, one left open. */
    private void sendTransactions() throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer("P-transaction");
        producer.setNamesrvAddr(nameServer);
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object state) {
                return (LocalTransactionState) state;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.UNKNOW;
            }
        });
        producer.start();
        for (LocalTransactionState state : LocalTransactionState.values()) {
            producer.sendMessageInTransaction(message("Payment", state.name(), state.ordinal()), state);
        }
        producer.shutdown();
    }

    /** Ends when the delayed messages of the first level and one retried message have come. */
    private void consumeWithRetry() throws Exception {
        CountDownLatch reminders = new CountDownLatch(DELAYED_EACH);
        CountDownLatch orders = new CountDownLatch(ORDINARY);
        AtomicInteger failures = new AtomicInteger(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("G-fixture");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("Order", "*");
        consumer.subscribe("Reminder", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            if (failures.getAndDecrement() > 0) {
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
            (messages.get(0).getTopic().equals("Order") ? orders : reminders).countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean isComplete = orders.await(WAIT_SECONDS, TimeUnit.SECONDS)
            && reminders.await(WAIT_SECONDS, TimeUnit.SECONDS);
        consumer.shutdown();
        if (!isComplete) {
            throw new IllegalStateException("not everything was consumed");
        }
    }

    private static NettyServerConfig loopback(int port) {
        NettyServerConfig config = new NettyServerConfig();
        config.setBindAddress("127.0.0.1");
        config.setListenPort(port);
        return config;
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
